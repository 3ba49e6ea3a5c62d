//! Values: facts, sizes of lists and constants.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use dray_model::inventory::{Class, Property};
use dray_query::condition::{Field, Literal, Operand};

use super::call::a_list;
use super::{Lowering, comparison, text_test};
use crate::error::{Problem, QueryError, closest};

impl<'a> Lowering<'a> {
    pub(super) fn operand(&self, expr: &IdedExpr) -> Result<Operand, QueryError> {
        match &expr.expr {
            Expr::Literal(literal) => self.literal(expr, literal).map(Operand::Literal),
            Expr::Ident(_) | Expr::Select(_) => self.field(expr).map(Operand::Field),
            Expr::Call(call) => self.call_operand(expr, call),
            Expr::List(_) => {
                let error = self.error(expr, Problem::NotAValue("a list".to_owned()));
                Err(error.hint("write `in` to look up a property in a list"))
            }
            _ => Err(self.error(expr, Problem::NotAValue("this".to_owned()))),
        }
    }

    fn literal(&self, expr: &IdedExpr, literal: &LiteralValue) -> Result<Literal, QueryError> {
        match literal {
            LiteralValue::String(text) => self.text_constant(expr, text.inner()).map(Literal::Text),
            LiteralValue::Int(number) => Ok(Literal::Integer(*number.inner())),
            LiteralValue::UInt(number) => i64::try_from(*number.inner())
                .map(Literal::Integer)
                .map_err(|_| self.error(expr, Problem::Constant("the largest number is 9223372036854775807"))),
            LiteralValue::Double(_) => {
                let error = self.error(expr, Problem::Constant("properties are whole numbers"));
                Err(error.hint("write all the digits, without a decimal point or an exponent"))
            }
            LiteralValue::Boolean(_) => {
                let error = self.error(expr, Problem::NotAValue("true or false".to_owned()));
                Err(error.hint("join conditions with && and ||, negate one with !"))
            }
            LiteralValue::Null => {
                let error = self.error(expr, Problem::NotAValue("null".to_owned()));
                Err(error.hint("write has(…) to test whether a property is known"))
            }
            LiteralValue::Bytes(_) => Err(self.error(expr, Problem::NotAValue("a byte string".to_owned()))),
        }
    }

    pub(super) fn text_constant(&self, expr: &IdedExpr, text: &str) -> Result<String, QueryError> {
        if text.contains('\0') {
            return Err(self.error(expr, Problem::Constant("no property contains a NUL character")));
        }
        Ok(text.to_owned())
    }

    fn call_operand(&self, expr: &IdedExpr, call: &CallExpr) -> Result<Operand, QueryError> {
        let name = call.func_name.as_str();
        match (name, call.target.as_deref(), call.args.as_slice()) {
            ("size", None, [list]) | ("size", Some(list), []) => self.size(list).map(Operand::Size),
            ("version", None, [argument]) => match &argument.expr {
                Expr::Literal(LiteralValue::String(text)) => {
                    let text = self.text_constant(argument, text.inner())?;
                    Ok(Operand::Literal(Literal::Version(text.into())))
                }
                _ => Err(self.arguments(expr, name, "one string constant, like version(\"2.3\")")),
            },
            (operators::SUBSTRACT | operators::NEGATE, ..) => {
                let error = self.error(expr, Problem::Unsupported("arithmetic".to_owned()));
                Err(error.hint("write the result as a number"))
            }
            _ if comparison(name).is_some() || is_condition(name) => {
                let error = self.error(expr, Problem::NotAValue("a condition".to_owned()));
                Err(error.hint("join conditions with && and ||, negate one with !"))
            }
            _ => Err(self.unknown_function(expr, name)),
        }
    }

    fn size(&self, list: &IdedExpr) -> Result<Class, QueryError> {
        match self.list(list) {
            Some(class) => Ok(class),
            None => Err(self.arguments(list, "size", a_list())),
        }
    }

    /// The class that an expression names, when it is a list.
    pub(super) fn list(&self, expr: &IdedExpr) -> Option<Class> {
        let name = match &expr.expr {
            Expr::Ident(name) => name,
            Expr::Select(SelectExpr { operand, field, .. }) if is_device(operand) => field,
            _ => return None,
        };
        Class::named(name).filter(|class| class.is_list())
    }

    pub(super) fn field(&self, expr: &IdedExpr) -> Result<Field, QueryError> {
        match &expr.expr {
            Expr::Ident(name) => match Class::DEVICE.property(name) {
                Some(property) => Ok(Field { property, row: 0 }),
                None => Err(self.not_a_field(expr, name)),
            },
            Expr::Select(select) => self.selected(expr, select),
            _ => Err(self.error(expr, Problem::NotAValue("this".to_owned())).hint("name a property")),
        }
    }

    fn selected(&self, expr: &IdedExpr, select: &SelectExpr) -> Result<Field, QueryError> {
        let Expr::Ident(base) = &select.operand.expr else {
            return Err(self.error(expr, Problem::UnknownName(select.field.clone())));
        };
        let variable = self.variables.iter().position(|(name, _)| name == base);
        let (class, row) = match variable {
            Some(index) => (self.variables[index].1, u8::try_from(index + 1).unwrap_or(u8::MAX)),
            None if base == "device" => (Class::DEVICE, 0),
            None => return Err(self.not_a_row(expr, base)),
        };
        match class.property(&select.field) {
            Some(property) => Ok(Field { property, row }),
            None => {
                let error = self.error(expr, Problem::UnknownProperty { class, name: select.field.clone() });
                let names = || class.properties().map(|property| property.info().name);
                Err(error.hint(match closest(&select.field, names()) {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => format!("{class} has {}", names().collect::<Vec<_>>().join(", ")),
                }))
            }
        }
    }

    fn not_a_field(&self, expr: &IdedExpr, name: &str) -> QueryError {
        if let Some((_, class)) = self.variables.iter().find(|(variable, _)| *variable == name) {
            let example = first(*class).info().name;
            let error = self.error(expr, Problem::NotAValue("a row".to_owned()));
            return error.hint(format!("name a property of it, like {name}.{example}"));
        }
        if let Some(class) = Class::named(name) {
            let error = self.error(expr, Problem::NotAValue(format!("{class} as a whole")));
            return error.hint(example_of(class));
        }
        let error = self.error(expr, Problem::UnknownName(name.to_owned()));
        let device = Class::DEVICE.properties().map(|property| property.info().name);
        let known = device.chain(Class::all().map(|class| class.info().name));
        match closest(name, known) {
            Some(meant) => error.hint(format!("did you mean {meant}?")),
            None => error,
        }
    }

    fn not_a_row(&self, expr: &IdedExpr, base: &str) -> QueryError {
        match Class::named(base) {
            Some(class) => {
                let error = self.error(expr, Problem::NotAValue(format!("{class} as a whole")));
                error.hint(example_of(class))
            }
            None => {
                let error = self.error(expr, Problem::UnknownName(base.to_owned()));
                match closest(base, self.variables.iter().map(|(name, _)| *name).chain(["device"])) {
                    Some(meant) => error.hint(format!("did you mean {meant}?")),
                    None => error,
                }
            }
        }
    }
}

fn is_device(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name == "device")
}

fn is_condition(function: &str) -> bool {
    let others = [
        operators::LOGICAL_AND,
        operators::LOGICAL_OR,
        operators::LOGICAL_NOT,
        operators::IN,
        operators::EXISTS,
        operators::ALL,
        operators::EXISTS_ONE,
        "existsOne",
        operators::HAS,
        "inCidr",
    ];
    text_test(function).is_some() || others.contains(&function)
}

fn first(class: Class) -> Property {
    class.properties().next().unwrap_or(Property::DEVICE_NAME)
}

fn example_of(class: Class) -> String {
    let example = first(class).info().example;
    if class.is_list() { format!("query its rows: {example}") } else { format!("name a property of it: {example}") }
}
