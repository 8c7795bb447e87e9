//! Keeps the layers apart: the dependencies of the crates, and the imports between modules.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{File, assert_none, files, is_rust, root};

/// The modules of the server from the top to the bottom. A module imports only modules that are listed after it, and the
/// crates below the server: rules, letters and store.
const ORDER: [&str; 16] = [
    "main",
    "lib",
    "cli",
    "server",
    "config",
    "middleware",
    "rpc",
    "sweeper",
    "commit",
    "telemetry",
    "wire",
    "error",
    "renderer",
    "call",
    "identity",
    "clock",
];

/// The names under which the server re-exports the crates below it.
const CRATES_BELOW: [&str; 5] = ["case", "notice", "plan", "rules", "store"];

/// Imports against the order that are not cut yet, as importing and imported module. It must become empty.
const UPWARD_NOT_YET: &[(&str, &str)] = &[];

/// Files in circles that are not cut yet. It must become empty.
const CIRCLES_NOT_YET: &[&str] = &[];

/// A crate of the workspace, and the packages that must not be among its dependencies, direct or not.
const FORBIDDEN: [(&str, &[&str]); 3] = [
    (
        "rules",
        &[
            "tokio",
            "tonic",
            "prost",
            "hyper",
            "rusqlite",
            "tokio-postgres",
            "log",
            "tracing",
            "typst",
            "second-opinion-letters",
            "second-opinion-store",
            "second-opinion",
        ],
    ),
    (
        "letters",
        &[
            "tokio",
            "tonic",
            "prost",
            "hyper",
            "rusqlite",
            "tokio-postgres",
            "second-opinion-store",
            "second-opinion",
        ],
    ),
    ("store", &["tonic", "prost", "hyper", "second-opinion"]),
];

fn parsed(path: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join(path)).expect("a readable file");
    text.parse().expect("valid TOML")
}

/// The names of the packages on which a crate depends, except those for its tests.
fn direct_dependencies(krate: &str) -> Vec<String> {
    let manifest = parsed(&format!("crates/{krate}/Cargo.toml"));
    let tables = ["dependencies", "build-dependencies"].map(|table| manifest.get(table));
    let tables = tables.into_iter().flatten();
    tables
        .filter_map(|table| table.as_table())
        .flat_map(|table| table.keys().cloned())
        .collect()
}

/// The dependencies of every package in the lock file, by name.
fn locked_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut locked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let lock = parsed("Cargo.lock");
    let packages = lock["package"].as_array().expect("a list of packages");
    for package in packages {
        let name = package["name"].as_str().expect("a name").to_owned();
        let dependencies = package.get("dependencies").and_then(|list| list.as_array());
        // `name` or, where several versions are locked, `name version`.
        let names = dependencies.into_iter().flatten().filter_map(|entry| {
            let name = entry.as_str()?.split(' ').next()?;
            Some(name.to_owned())
        });
        locked.entry(name).or_default().extend(names);
    }
    locked
}

#[test]
fn crates_do_not_depend_on_the_layers_above_them() {
    let locked = locked_dependencies();
    let mut problems = Vec::new();
    for (krate, forbidden) in FORBIDDEN {
        let mut to_visit = direct_dependencies(krate);
        assert!(!to_visit.is_empty(), "{krate} has no dependencies");
        let mut visited = BTreeSet::new();
        while let Some(name) = to_visit.pop() {
            // Entries of the workspace's own crates also list the dependencies of their tests.
            if let Some(own) = name.strip_prefix("second-opinion-") {
                to_visit.extend(
                    direct_dependencies(own)
                        .into_iter()
                        .filter(|dependency| !visited.contains(dependency)),
                );
            } else {
                let further = locked.get(&name).into_iter().flatten();
                to_visit.extend(further.filter(|it| !visited.contains(*it)).cloned());
            }
            visited.insert(name);
        }
        let found = forbidden.iter().filter(|name| visited.contains(**name));
        problems.extend(found.map(|name| format!("crates/{krate} depends on {name}")));
    }
    assert_none(&problems);
}

/// The paths of a `use` declaration without its groups: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn flatten(tree: &str, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    let (head, group) = match tree.split_once('{') {
        Some((head, rest)) => (head, rest.trim_end().strip_suffix('}')),
        None => (tree, None),
    };
    let head = head.split(" as ").next().unwrap_or_default();
    path.extend(
        head.split("::")
            .map(|segment| segment.trim().to_owned())
            .filter(|segment| !segment.is_empty()),
    );
    let Some(group) = group else {
        paths.push(path);
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (place, character) in group.char_indices().chain([(group.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !group[start..place].trim().is_empty() {
                    flatten(&group[start..place], &path, paths);
                }
                start = place + 1;
            }
            _ => {}
        }
    }
}

/// Every path that a file imports, and every path that its code begins with `crate::`.
fn imported_paths(file: &File) -> Vec<Vec<String>> {
    let code: String = file.code().map(|(_, line)| line + "\n").collect();
    let mut paths = Vec::new();
    for (place, _) in code.match_indices("use ") {
        let begins_item = code[..place].ends_with(['\n', ' ', ')', '}', ';']) || place == 0;
        if let (true, Some(end)) = (begins_item, code[place..].find(';')) {
            flatten(&code[place + 4..place + end], &[], &mut paths);
        }
    }
    for (place, _) in code.match_indices("crate::") {
        let path = code[place..].split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        flatten(path.into_iter().next().unwrap_or_default(), &[], &mut paths);
    }
    paths
}

/// The module of a file, as its path from the crate's root.
fn module(path: &str, source: &str) -> Vec<String> {
    let path = path[source.len() + 1..].trim_end_matches(".rs");
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// A path from the crate's root; `None`: it is of another crate.
fn absolute(
    path: &[String],
    module: &[String],
    siblings: &BTreeSet<String>,
) -> Option<Vec<String>> {
    match path.first().map(String::as_str)? {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => {
            let ups = path
                .iter()
                .take_while(|segment| *segment == "super")
                .count();
            let base = module.get(..module.len().checked_sub(ups)?)?;
            Some([base, &path[ups..]].concat())
        }
        first if siblings.contains(first) => Some([module, path].concat()),
        _ => None,
    }
}

fn rust_files_in(source: &str) -> Vec<File> {
    let mut found = files(source);
    found.retain(|file| is_rust(file) && !file.path.contains("/tests"));
    found
}

#[test]
fn modules_import_only_modules_below_them() {
    let mut problems = Vec::new();
    let mut upward = BTreeSet::new();
    let rank = |name: &str| ORDER.iter().position(|module| *module == name);
    for file in rust_files_in("src") {
        let own = file.path["src/".len()..].split(['/', '.']).next();
        let own = own.expect("a module").to_owned();
        let Some(own_rank) = rank(&own) else {
            problems.push(format!("src/{own} is not in ORDER"));
            continue;
        };
        let module = module(&file.path, "src");
        for path in imported_paths(&file) {
            let Some(path) = absolute(&path, &module, &BTreeSet::new()) else {
                continue;
            };
            let Some(imported) = path.first() else {
                continue;
            };
            if CRATES_BELOW.contains(&imported.as_str()) || *imported == own || own == "lib" {
                continue;
            }
            let below = rank(imported).is_some_and(|rank| rank > own_rank);
            let listed = UPWARD_NOT_YET.contains(&(own.as_str(), imported.as_str()));
            if listed {
                upward.insert((own.clone(), imported.clone()));
            } else if !below {
                problems.push(format!("{} imports crate::{imported}", file.path));
            }
        }
    }
    for (own, imported) in UPWARD_NOT_YET {
        if !upward.contains(&((*own).to_owned(), (*imported).to_owned())) {
            problems.push(format!(
                "{own} no longer imports {imported}: remove the exception"
            ));
        }
    }
    problems.sort();
    problems.dedup();
    assert_none(&problems);
}

/// The files that each file imports from, except the `mod.rs` and `lib.rs` above it, which only declare and re-export.
fn imports_in(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let files = rust_files_in(source);
    let paths: BTreeMap<Vec<String>, String> = files
        .iter()
        .map(|file| (module(&file.path, source), file.path.clone()))
        .collect();
    let is_leaf = |path: &str| !(path.ends_with("/mod.rs") || path.ends_with("/lib.rs"));
    let mut imports = BTreeMap::new();
    for file in files.iter().filter(|file| is_leaf(&file.path)) {
        let own = module(&file.path, source);
        let children = paths
            .keys()
            .filter(|path| path.len() == own.len() + 1 && path.starts_with(&own))
            .filter_map(|path| path.last().cloned())
            .collect();
        let targets = imported_paths(file).into_iter().filter_map(|path| {
            let path = absolute(&path, &own, &children)?;
            let mut lengths = (0..=path.len()).rev();
            let target = lengths.find_map(|length| paths.get(&path[..length]))?;
            (is_leaf(target) && *target != file.path).then(|| target.clone())
        });
        imports.insert(file.path.clone(), targets.collect());
    }
    imports
}

/// Whether a file imports another one, directly or through others.
fn reaches(imports: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut to_visit = vec![from];
    let mut visited = BTreeSet::new();
    while let Some(file) = to_visit.pop() {
        for next in imports.get(file).into_iter().flatten() {
            if next == to {
                return true;
            }
            if visited.insert(next) {
                to_visit.push(next);
            }
        }
    }
    false
}

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let mut circular = BTreeSet::new();
    for source in [
        "src",
        "crates/rules/src",
        "crates/letters/src",
        "crates/store/src",
    ] {
        let imports = imports_in(source);
        let all = imports.keys();
        circular.extend(all.filter(|file| reaches(&imports, file, file)).cloned());
    }
    let new = circular
        .iter()
        .filter(|file| !CIRCLES_NOT_YET.contains(&file.as_str()));
    let mut problems: Vec<String> = new.map(|file| format!("{file} is in a circle")).collect();
    let gone = CIRCLES_NOT_YET
        .iter()
        .filter(|file| !circular.contains(**file));
    problems.extend(gone.map(|file| format!("{file} is in no circle: remove the exception")));
    assert_none(&problems);
}

#[test]
fn use_declarations_are_flattened() {
    let mut paths = Vec::new();
    flatten("crate::a::{self, b::{C, D as E}, f}", &[], &mut paths);
    let paths: Vec<String> = paths.iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::a::self",
        "crate::a::b::C",
        "crate::a::b::D",
        "crate::a::f",
    ];
    assert_eq!(paths, expected);
}
