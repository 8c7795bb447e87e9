//! A plan's own templates, in place of shipped ones: read from its folder and checked before any letter is made.

use std::path::{Path, PathBuf};

use super::compiled::{CustomFiles, TemplateErrors, Templates};
use super::required_content;
use super::shipped::SHIPPED;

impl Templates {
    /// The templates with those in a plan's folder, `<folder>/<language>/<file>`, in place of the shipped ones.
    ///
    /// Every letter is filled in once with a sample, in every language, and each section and each word that a letter
    /// of its kind owes to its reader is looked for.
    ///
    /// # Errors
    /// Everything that is wrong: a file that cannot be read or that no letter knows, a template that cannot be filled
    /// in, a missing key, a missing section, or one that lacks what it owes.
    pub fn with_folder(folder: &Path) -> Result<Self, TemplateErrors> {
        let mut errors = Vec::new();
        let custom = read_folder(folder, &mut errors);
        if !errors.is_empty() {
            return Err(TemplateErrors(errors));
        }
        Self::from_files(&custom)
    }

    /// The templates with some in place of the shipped ones, checked.
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

/// The files of a plan's folder that stand in place of shipped ones.
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
                "`{}` stands in place of no shipped template",
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
    fn the_shipped_templates_say_what_they_owe() {
        assert_eq!(
            required_content::problems(Templates::shipped()),
            Vec::<String>::new()
        );
    }

    /// A template without one of its parts: from the heading or the call of a macro up to what follows.
    fn without(text: &str, line: usize) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.remove(line);
        lines.join("\n") + "\n"
    }

    #[test]
    fn vi_f_no_section_can_be_taken_out_unnoticed() {
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
                // Neither is owed to the reader of an approval's reviewer, nor what is enclosed.
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
    fn a_key_that_is_missing_is_named() {
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
