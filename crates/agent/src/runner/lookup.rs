//! Where a program is and where it works.
//!
//! The first word of the command line is looked for in the content folder, then in the system's search path. An error is
//! a sentence for people, because it becomes the run's result.

use std::path::{Path, PathBuf};

use super::spec::Spec;
use crate::platform::{SEARCH_PATH, is_executable};

/// Folder in the run's folder where a program without content works.
const WORK: &str = "work";

/// The file to start for `word`.
pub(super) fn program(word: &str, content: Option<&Path>) -> Result<PathBuf, String> {
    let here = content.map(|content| content.join(word)).filter(|path| !word.is_empty() && path.is_file());
    if let Some(path) = here.as_ref().filter(|path| is_executable(path)) {
        return Ok(path.clone());
    }
    let path = Path::new(word);
    if path.is_absolute() {
        return if is_executable(path) { Ok(path.to_owned()) } else { Err(missing(word, path.is_file())) };
    }
    let in_search_path = !word.is_empty() && !word.contains('/');
    let found = std::env::split_paths(SEARCH_PATH).map(|folder| folder.join(word)).find(|path| is_executable(path));
    found.filter(|_| in_search_path).ok_or_else(|| missing(word, here.is_some()))
}

fn missing(word: &str, but_not_executable: bool) -> String {
    if but_not_executable {
        format!("{word:?} exists, but it is not executable")
    } else {
        format!("the command {word:?} is neither in the content nor in the search path")
    }
}

/// The program's working folder; made when the package has no content and names none.
pub(super) fn place(run: &Path, spec: &Spec) -> Result<PathBuf, String> {
    let base = match &spec.content {
        Some(content) if content.is_dir() => content.clone(),
        Some(content) => return Err(format!("its content folder {} does not exist", content.display())),
        None => {
            let work = run.join(WORK);
            std::fs::create_dir_all(&work).map_err(|e| format!("cannot create its working folder: {e}"))?;
            work
        }
    };
    let start_in = spec.program.start_in.as_ref().filter(|text| !text.is_empty());
    let place = start_in.map_or(base.clone(), |text| base.join(text.as_str()));
    if place.is_dir() { Ok(place) } else { Err(format!("its working folder {} does not exist", place.display())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn content(files: &[(&str, u32)]) -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        for (name, mode) in files {
            let path = temp.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(*mode)).unwrap();
        }
        temp
    }

    #[test]
    fn the_content_comes_before_the_search_path() {
        let content = content(&[("env", 0o755), ("sh", 0o644), ("sub/tool", 0o755)]);
        let find = |word: &str| program(word, Some(content.path()));
        assert_eq!(find("env").unwrap(), content.path().join("env"));
        assert_eq!(find("./env").unwrap(), content.path().join("./env"));
        assert_eq!(find("sub/tool").unwrap(), content.path().join("sub/tool"));
        assert!(find("sh").unwrap().ends_with("bin/sh"), "skipping a file that is not executable");
        assert_eq!(find("/bin/sh").unwrap(), Path::new("/bin/sh"));
        assert!(program("env", None).unwrap().ends_with("bin/env"));
    }

    #[test]
    fn what_is_not_there_or_not_executable_is_said() {
        let content = content(&[("data", 0o644)]);
        let find = |word: &str| program(word, Some(content.path())).unwrap_err();
        assert!(find("data").contains("not executable"));
        assert!(find("./data").contains("not executable"));
        assert!(find("no-such-command").contains("neither"));
        assert!(find("sub/none").contains("neither"));
        assert!(find("").contains("neither"));
        assert!(find("/none").contains("neither"));
    }
}
