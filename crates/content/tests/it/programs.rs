//! Updates of programs that were built again, by the system's compiler.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use dray_content::update::prepare::Options;

use crate::archive::{Member, zip};
use crate::update::{Pair, files};

/// A program of many functions that call each other; `more` comes before all of them.
fn program(folder: &Path, more: &str) -> Vec<u8> {
    let mut source = format!("#include <stdio.h>\n{more}\n__attribute__((noinline)) int f0(int x) {{ return x; }}\n");
    for number in 1..900 {
        writeln!(
            source,
            "__attribute__((noinline)) int f{number}(int x) {{ if (x > {number}) {{ printf(\"%d is more than {number}\\n\", x); }} \
             return f{}(x - 1) * {number}; }}",
            number - 1
        )
        .unwrap();
    }
    source.push_str("int main(int n, char **v) { (void)v; return f899(n); }\n");
    let (code, out) = (folder.join("program.c"), folder.join("program"));
    std::fs::write(&code, source).unwrap();
    let compiled = Command::new("cc").args(["-O1", "-o"]).arg(&out).arg(&code).status().unwrap();
    assert!(compiled.success());
    std::fs::read(out).unwrap()
}

fn builds() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let more = "__attribute__((noinline)) int added(int x) { printf(\"a line that is new %d\\n\", x); return x * 77; }\n\
                int (*pointer)(int) = added;";
    (program(folder.path(), ""), program(folder.path(), more))
}

#[test]
fn a_program_that_was_built_again_is_made_from_the_old_one_relocated() {
    let (old, new) = builds();
    let pair = Pair::new(&files(&[("bin/program", old)]), &files(&[("bin/program", new.clone())]));
    let prepared = pair.prepared(&Options::default());
    assert_eq!(prepared.update.relocations.len(), 1);
    assert!(prepared.totals.fetch_bytes() * 20 < new.len() as u64, "{:?}", prepared.totals);
    pair.assert_builds(&prepared);
}

#[test]
fn so_is_one_in_an_archive() {
    let (old, new) = builds();
    let readme = b"some words that stay as they are ".repeat(50);
    let archive = |name: &str, program: &[u8]| {
        zip(&[Member::new("readme", &readme), Member::new(name, program), Member::new("end", b"the end")])
    };
    let (old, newer) = (archive("program-1.2.3", &old), archive("program-1.2.4", &new));
    let pair = Pair::new(&files(&[("package.zip", old)]), &files(&[("package.zip", newer)]));
    let prepared = pair.prepared(&Options::default());
    let relocations = &prepared.update.relocations;
    assert_eq!((relocations.len(), relocations[0].length > 48 << 10), (1, true), "{:?}", prepared.totals);
    assert!(prepared.totals.fetch_bytes() * 20 < new.len() as u64, "{:?}", prepared.totals);
    pair.assert_builds(&prepared);
}
