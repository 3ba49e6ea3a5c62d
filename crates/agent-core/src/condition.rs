//! Conditions of programs, asked of this device's facts: the same value that the site is sent.
//!
//! A condition that this version can't read never holds; it is an error with a sentence for people, not a guess.

use std::sync::Arc;

use dray_model::Name;
use dray_model::facts::Facts;
use dray_model::program::Expression;
use dray_query::Query;
use serde::Deserialize;

/// The device as conditions see it.
#[derive(Debug)]
pub(crate) struct Subject {
    facts: Arc<Facts>,
    name: Name,
}

impl Subject {
    pub(crate) const fn new(name: Name, facts: Arc<Facts>) -> Self {
        Self { facts, name }
    }

    /// What is known of it.
    pub(crate) const fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Whether `expression` holds.
    ///
    /// # Errors
    /// What is wrong with the expression's checked form, in one sentence.
    pub(crate) fn meets(&self, expression: &Expression) -> Result<bool, String> {
        let query = Query::deserialize(&expression.compiled)
            .map_err(|error| format!("this agent cannot read the condition {}: {error}", expression.text))?;
        Ok(query.matches(&self.facts, self.name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_expression::parse;
    use dray_model::facts::Table;
    use dray_model::inventory::Class;
    use dray_model::property;
    use dray_query::Limits;

    fn expression(text: &str) -> Expression {
        let query = parse(text, &Limits::default()).unwrap();
        Expression { text: text.to_owned(), compiled: serde_json::to_value(query).unwrap() }
    }

    #[test]
    fn a_condition_is_asked_of_facts_and_name() {
        let device = Table::new(Class::DEVICE).with([(property!("device.platform"), "linux".into())]);
        let subject = Subject::new("pc-7".parse().unwrap(), Arc::new(Facts::default().with(device)));
        assert_eq!(subject.meets(&expression("platform == \"linux\"")), Ok(true));
        assert_eq!(subject.meets(&expression("platform == \"windows\"")), Ok(false));
    }

    #[test]
    fn a_condition_of_a_later_version_is_an_error_and_no_guess() {
        let subject = Subject::new("pc-7".parse().unwrap(), Arc::default());
        let unreadable = Expression { text: "new_thing()".into(), compiled: serde_json::json!({"version": 99}) };
        assert!(subject.meets(&unreadable).unwrap_err().contains("new_thing()"));
    }
}
