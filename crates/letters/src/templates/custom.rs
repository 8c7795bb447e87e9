//! A plan's own templates, read from its folder and checked before any letter uses them.

use std::path::{Path, PathBuf};

use super::compiled::{CustomFiles, TemplateErrors, Templates};
use super::required_content;
use super::shipped::SHIPPED;

impl Templates {
    /// The shipped templates with those in a plan's folder, `<folder>/<language>/<file>`, in their place.
    ///
    /// Every sample letter is filled in once in every language, and must contain each section and each value that a
    /// letter of its kind requires.
    ///
    /// # Errors
    /// Fails with every problem: a file that cannot be read or that no letter uses, a template that cannot be filled
    /// in, a missing key, a missing section, or a section without a required value.
    pub fn with_folder(folder: &Path) -> Result<Self, TemplateErrors> {
        let mut errors = Vec::new();
        let custom = read_folder(folder, &mut errors);
        if !errors.is_empty() {
            return Err(TemplateErrors(errors));
        }
        Self::from_files(&custom)
    }

    /// The shipped templates with custom files in their place, checked.
    pub(super) fn from_files(custom: &CustomFiles) -> Result<Self, TemplateErrors> {
        let templates = Self::read(custom)?;
        let errors = required_content::problems(&templates);
        if errors.is_empty() {
            Ok(templates)
        } else {
            Err(TemplateErrors(errors))
        }
    }
}

/// Reads the files of a plan's folder.
fn read_folder(folder: &Path, errors: &mut Vec<String>) -> CustomFiles {
    let mut custom = CustomFiles::new();
    let mut list = |folder: &Path| -> Vec<PathBuf> {
        match std::fs::read_dir(folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(error) => {
                errors.push(format!("`{}` cannot be read: {error}", folder.display()));
                Vec::new()
            }
        }
    };
    let folders: Vec<PathBuf> = list(folder);
    let files: Vec<(String, PathBuf)> = folders
        .into_iter()
        .flat_map(|path| {
            let language = file_name(&path);
            let files = list(&path);
            files.into_iter().map(move |file| (language.clone(), file))
        })
        .collect();
    for (language, path) in files {
        let name = file_name(&path);
        let known = SHIPPED
            .iter()
            .any(|(tag, files)| *tag == language && files.iter().any(|(file, _)| *file == name));
        match (known, std::fs::read_to_string(&path)) {
            (true, Ok(text)) => {
                custom.insert((language, name), text);
            }
            (true, Err(error)) => {
                errors.push(format!("`{}` cannot be read: {error}", path.display()));
            }
            (false, _) => errors.push(format!(
                "`{}` does not replace a shipped template",
                path.display()
            )),
        }
    }
    custom
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::shipped::shipped_files;
    use super::*;

    #[test]
    fn shipped_templates_have_the_required_content() {
        assert_eq!(
            required_content::problems(Templates::shipped()),
            Vec::<String>::new()
        );
    }

    /// A template without one line: a heading or a macro call.
    fn without(text: &str, line: usize) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.remove(line);
        lines.join("\n") + "\n"
    }

    #[test]
    fn vi_f_removing_any_required_section_is_an_error() {
        let calls = [
            "criteria",
            "reviewer",
            "appeal",
            "grievance",
            "hearing",
            "help",
            "close",
        ];
        for (language, name, text) in shipped_files() {
            for (index, line) in text.lines().enumerate() {
                let a_call = calls
                    .iter()
                    .any(|part| line.starts_with(&format!("{{{{ parts.{part}(letter) }}}}")));
                let a_heading = line.starts_with("## ");
                if !(a_call || a_heading) {
                    continue;
                }
                // An approval need not name its reviewer, and no letter must have enclosures.
                if line.contains("enclosures")
                    || (name == "approval.txt" && line.contains("reviewer"))
                    || (name == "provider_copy.txt"
                        && ["## instead", "## appeal"]
                            .iter()
                            .any(|it| line.starts_with(it)))
                {
                    continue;
                }
                let key = (language.to_owned(), name.to_owned());
                let custom = CustomFiles::from([(key, without(text, index))]);
                let outcome = Templates::from_files(&custom);
                assert!(
                    outcome.is_err(),
                    "{language}/{name}: `{line}` was not missed"
                );
            }
        }
    }

    #[test]
    fn missing_key_is_named() {
        let (_, _, text) = shipped_files()
            .find(|(language, name, _)| (*language, *name) == ("en", "parts.txt"))
            .expect("it is shipped");
        let text = text.replace("{{ letter.notice.appeal.last_day | date }}", "some day");
        let key = ("en".to_owned(), "parts.txt".to_owned());
        let errors =
            Templates::from_files(&BTreeMap::from([(key, text)])).expect_err("it is missed");
        let said = errors.to_string();
        let expected = "section `appeal` lacks `letter.notice.appeal.last_day`";
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("en/denial.txt"), "{said}");
        assert!(said.contains("en/lapse.txt"), "{said}");
    }
}
