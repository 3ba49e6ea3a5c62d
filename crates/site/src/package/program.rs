//! Checks programs as they come from people: names, number, command lines, and expressions, whose compiled form is filled in here and
//! nowhere else.

use std::collections::BTreeSet;

use dray_expression::{QueryError, parse};
use dray_model::program::{Expression, Program};
use dray_query::Limits;

use super::PackageError;

/// Most programs of a package: more than anybody offers for one piece of software, and a release stays a small document.
pub(super) const PROGRAMS_MAX: usize = 100;

/// The programs by name, with the compiled form of their expressions.
pub(super) fn check(mut programs: Vec<Program>) -> Result<Vec<Program>, PackageError> {
    if programs.len() > PROGRAMS_MAX {
        return Err(PackageError::TooManyPrograms(programs.len()));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = programs.iter().find(|program| !names.insert(&program.name)) {
        return Err(PackageError::ProgramTwice(twice.name.clone()));
    }
    for program in &mut programs {
        program.command.words().map_err(|reason| PackageError::Command {
            program: program.name.clone(),
            command: program.command.as_str().to_owned(),
            reason,
        })?;
        let fields = [("requirement", &mut program.requirement), ("detect", &mut program.detect)];
        for (field, expression) in fields {
            let Some(expression) = expression else { continue };
            *expression = compile(&expression.text).map_err(|error| PackageError::Expression {
                program: program.name.clone(),
                field,
                explanation: error.explain(&expression.text),
                hint: error.hint,
            })?;
        }
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

fn compile(text: &str) -> Result<Expression, QueryError> {
    let query = parse(text, &Limits::default())?;
    let compiled = serde_json::to_value(&query).expect("a checked query has a JSON form");
    Ok(Expression { text: text.to_owned(), compiled })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure as _;

    fn programs(json: &str) -> Vec<Program> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn programs_are_sorted_and_their_expressions_compiled_here() {
        let given = programs(
            r#"[{"name": "b", "command": "x", "requirement": {"text": "platform == \"linux\"", "compiled": "a lie"}},
                {"name": "a", "command": "x"}]"#,
        );
        let checked = check(given).unwrap();
        assert_eq!(checked[0].name.as_str(), "a");
        let compiled = checked[1].requirement.clone().unwrap().compiled;
        let query: dray_query::Query = serde_json::from_value(compiled).unwrap();
        assert_eq!(query.text(), "platform == \"linux\"");
    }

    #[test]
    fn a_bad_expression_is_refused_with_its_place() {
        let given = programs(r#"[{"name": "a", "command": "x", "detect": {"text": "plattform == \"linux\""}}]"#);
        let error = check(given).unwrap_err();
        assert!(error.to_string().contains("detect of the program a"), "{error}");
        assert!(error.to_string().contains("^^^^"), "{error}");
    }

    #[test]
    fn a_command_that_no_agent_could_start_is_refused_with_its_place() {
        let error = check(programs(r#"[{"name": "a", "command": "./x 'é"}]"#)).unwrap_err();
        let expected = "cannot use the command of the program a: the command line has an opening ' but no closing one\n  ./x 'é\n      ^";
        assert_eq!((error.to_string().as_str(), error.span()), (expected, Some(4..5)));
    }

    #[test]
    fn a_name_stands_for_one_program() {
        let error = check(programs(r#"[{"name": "a", "command": "x"}, {"name": "a", "command": "y"}]"#)).unwrap_err();
        assert!(matches!(error, PackageError::ProgramTwice(_)), "{error}");
    }
}
