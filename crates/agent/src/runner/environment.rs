//! The environment of a program: a clean one, the same whatever started the agent, with what Dray tells the program.

use std::ffi::OsString;

use super::spec::Spec;
use crate::platform::SEARCH_PATH;

/// The variables of the program; there are no others.
///
/// `PATH`, `HOME`, `LANG`; `DRAY_PACKAGE`, `DRAY_PROGRAM`, `DRAY_RUN`; `DRAY_CONTENT` where there is content.
pub(super) fn of(spec: &Spec) -> Vec<(&'static str, OsString)> {
    let own = |name: &str, otherwise: &str| std::env::var_os(name).unwrap_or_else(|| otherwise.into());
    let mut variables = vec![
        ("PATH", SEARCH_PATH.into()),
        ("HOME", own("HOME", "/root")),
        ("LANG", own("LANG", "C.UTF-8")),
        ("DRAY_PACKAGE", spec.package.as_str().into()),
        ("DRAY_PROGRAM", spec.program.name.as_str().into()),
        ("DRAY_RUN", spec.run.to_string().into()),
    ];
    variables.extend(spec.content.as_ref().map(|content| ("DRAY_CONTENT", content.clone().into_os_string())));
    variables
}
