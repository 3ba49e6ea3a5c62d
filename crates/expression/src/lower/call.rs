//! Calls that are true or false: tests of texts and addresses, presence, and questions to the rows of a list.

use std::borrow::Cow;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use dray_model::inventory::{Class, Kind};
use dray_query::Problem as Limit;
use dray_query::condition::{Condition, Quantifier, TextTest};

use super::{Lowering, text_test};
use crate::error::{Problem, QueryError, closest};

const FUNCTIONS: [&str; 11] = [
    "has",
    "size",
    "version",
    "inCidr",
    "startsWith",
    "endsWith",
    "contains",
    "exists",
    "all",
    "exists_one",
    "existsOne",
];

impl<'a> Lowering<'a> {
    /// A call like `f(x)`.
    pub(super) fn function(&mut self, expr: &'a IdedExpr, call: &'a CallExpr) -> Result<Condition, QueryError> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::HAS, [fact]) => match self.list(fact) {
                Some(class) => {
                    let error = self.arguments(expr, "has", "a fact");
                    Err(error.hint(format!("write size({class}) > 0")))
                }
                None => self.field(fact).map(Condition::Has),
            },
            ("inCidr", [ip, network]) => self.in_network(ip, network),
            (operators::HAS, _) => Err(self.arguments(expr, "has", "one property, like has(os_name)")),
            ("inCidr", _) => {
                Err(self.arguments(expr, "inCidr", "an address and a network, like inCidr(a.ip, \"10.1.0.0/16\")"))
            }
            ("version" | "size" | operators::NEGATE | operators::SUBSTRACT, _) => match self.operand(expr) {
                Ok(_) => Err(self.error(expr, Problem::NotACondition("a value".to_owned())).hint("compare it")),
                Err(error) => Err(error),
            },
            (name, _) => Err(self.unknown_function(expr, name)),
        }
    }

    /// A call like `x.f(y)`.
    pub(super) fn method(&mut self, expr: &'a IdedExpr, call: &'a CallExpr) -> Result<Condition, QueryError> {
        let name = call.func_name.as_str();
        let Some(target) = call.target.as_deref() else { return self.function(expr, call) };
        if let Some(test) = text_test(name) {
            return self.text_test(expr, target, test, call);
        }
        match (name, quantifier(name)) {
            (_, Some(quantifier)) => self.rows(expr, target, quantifier, call),
            ("size", _) => match self.operand(expr) {
                Ok(_) => Err(self.error(expr, Problem::NotACondition("a number".to_owned())).hint("compare it")),
                Err(error) => Err(error),
            },
            _ => Err(self.unknown_function(expr, name)),
        }
    }

    fn text_test(
        &self,
        expr: &IdedExpr,
        target: &IdedExpr,
        test: TextTest,
        call: &CallExpr,
    ) -> Result<Condition, QueryError> {
        let field = self.field(target)?;
        if !field.property.kind().is_text() {
            let problem = Problem::Arguments {
                function: call.func_name.clone(),
                expected: "a string, and this is a number".into(),
            };
            return Err(self.error(target, problem));
        }
        let [argument] = call.args.as_slice() else {
            return Err(self.arguments(expr, &call.func_name, "one string constant"));
        };
        let Expr::Literal(LiteralValue::String(pattern)) = &argument.expr else {
            return Err(self.arguments(argument, &call.func_name, "a string constant"));
        };
        let pattern = self.text_constant(argument, pattern.inner())?;
        // Every text holds the empty one, and engines disagree on where.
        Ok(if pattern.is_empty() { Condition::Has(field) } else { Condition::Text { field, test, pattern } })
    }

    fn in_network(&self, ip: &IdedExpr, network: &IdedExpr) -> Result<Condition, QueryError> {
        let field = self.field(ip)?;
        if field.property.kind() != Kind::Ip {
            let problem = Problem::Mismatch { left: field.property.kind(), right: Kind::Ip };
            return Err(self
                .error(ip, problem)
                .hint("addresses are in the list: addresses.exists(a, inCidr(a.ip, …))"));
        }
        let Expr::Literal(LiteralValue::String(text)) = &network.expr else {
            return Err(self.arguments(network, "inCidr", "a string constant as its network"));
        };
        match text.inner().parse() {
            Ok(network) => Ok(Condition::InNetwork { field, network }),
            Err(error) => Err(self.error(network, error)),
        }
    }

    fn rows(
        &mut self,
        expr: &'a IdedExpr,
        target: &'a IdedExpr,
        quantifier: Quantifier,
        call: &'a CallExpr,
    ) -> Result<Condition, QueryError> {
        let Some(class) = self.list(target) else {
            return Err(self.arguments(target, &call.func_name, a_list()));
        };
        let [variable, body] = call.args.as_slice() else {
            return Err(self.arguments(
                expr,
                &call.func_name,
                "a variable and a condition, like disks.exists(d, d.mount == \"/\")",
            ));
        };
        let Expr::Ident(name) = &variable.expr else {
            return Err(self.arguments(variable, &call.func_name, "a name for the row as its first argument"));
        };
        self.check_variable(variable, name)?;
        if self.variables.len() >= self.limits.nesting_max {
            return Err(self.error(expr, Limit::TooNested(self.limits.nesting_max)));
        }
        self.variables.push((name, class));
        let condition = self.condition(body);
        self.variables.pop();
        Ok(Condition::Rows { class, quantifier, condition: Box::new(condition?) })
    }

    /// A row variable may hide nothing: a reader would have to know which of two meanings wins.
    fn check_variable(&self, variable: &IdedExpr, name: &str) -> Result<(), QueryError> {
        let taken = Class::named(name).is_some()
            || Class::DEVICE.property(name).is_some()
            || self.variables.iter().any(|(other, _)| *other == name);
        if taken {
            return Err(self
                .error(variable, Problem::NameTaken(name.to_owned()))
                .hint("choose another name for the row"));
        }
        Ok(())
    }

    pub(super) fn arguments(
        &self,
        expr: &IdedExpr,
        function: &str,
        expected: impl Into<Cow<'static, str>>,
    ) -> QueryError {
        self.error(expr, Problem::Arguments { function: function.to_owned(), expected: expected.into() })
    }

    pub(super) fn unknown_function(&self, expr: &IdedExpr, name: &str) -> QueryError {
        let error = self.error(expr, Problem::Unsupported(format!("the function {name}")));
        match name {
            "matches" => {
                error.hint("regular expressions differ between databases; use startsWith, endsWith or contains instead")
            }
            "lowerAscii" | "upperAscii" => error.hint("strings are case-sensitive; list the spellings with `in`"),
            "filter" | "map" => error.hint("use exists, all or exists_one"),
            "cidr" | "ip" | "containsIP" => error.hint("write inCidr(a.ip, \"10.1.0.0/16\")"),
            _ => match closest(name, FUNCTIONS.into_iter()) {
                Some(meant) => error.hint(format!("did you mean {meant}?")),
                None => error,
            },
        }
    }
}

/// What a function that asks a list takes.
pub(super) fn a_list() -> String {
    let names: Vec<_> = Class::all().filter(|class| class.is_list()).map(|class| class.info().name).collect();
    let (last, others) = names.split_last().unwrap_or((&"", &[]));
    format!("one of the lists {} and {last}", others.join(", "))
}

fn quantifier(method: &str) -> Option<Quantifier> {
    match method {
        operators::EXISTS => Some(Quantifier::Any),
        operators::ALL => Some(Quantifier::All),
        operators::EXISTS_ONE | "existsOne" => Some(Quantifier::One),
        _ => None,
    }
}
