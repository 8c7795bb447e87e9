//! Compiles the contract without protoc, generates a `Debug` implementation for every message that hides redacted fields, and
//! embeds the build's commit and features.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor,
};

const PROTO_ROOT: &str = "proto";
const FILES: [&str; 2] = [
    "um/secondopinion/v1/second_opinion.proto",
    "um/secondopinion/v1/policy.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    name_build();
    println!("cargo:rerun-if-changed={PROTO_ROOT}");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new([PROTO_ROOT])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(FILES)?;

    // The encoded form keeps the option `debug_redact`, which prost's types drop.
    let with_comments = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(with_comments.as_slice())?;
    std::fs::write(out.join("debug.rs"), debug_impls(&pool)?)?;

    // Reflection needs no comments.
    compiler.include_source_info(false);
    std::fs::write(
        out.join("descriptor.bin"),
        compiler.encode_file_descriptor_set(),
    )?;

    let files = prost_types_set(&with_comments)?;
    tonic_prost_build::configure()
        .codec_path("crate::wire::Codec")
        .skip_debug(["."])
        // Over a kilobyte each: boxed, because the values that contain them are moved between futures.
        .boxed("second_opinion")
        .boxed("determination")
        .compile_fds(files)?;
    Ok(())
}

/// Sets `BUILD_COMMIT` and `BUILD_FEATURES` for the compiler.
fn name_build() {
    // An image is built without the repository: its build passes the commit.
    println!("cargo:rerun-if-env-changed=SECOND_OPINION_COMMIT");
    let passed = std::env::var("SECOND_OPINION_COMMIT").ok();
    let commit = passed
        .filter(|commit| !commit.is_empty())
        .or_else(git_commit);
    let commit = commit.as_deref().unwrap_or("unknown");
    println!("cargo:rustc-env=BUILD_COMMIT={commit}");

    let features = std::env::vars().filter_map(|(name, _)| {
        let feature = name.strip_prefix("CARGO_FEATURE_")?.to_lowercase();
        (feature != "default").then_some(feature)
    });
    let mut features: Vec<String> = features.collect();
    features.sort_unstable();
    let features = if features.is_empty() {
        "none".to_owned()
    } else {
        features.join(" ")
    };
    println!("cargo:rustc-env=BUILD_FEATURES={features}");
}

/// The commit of the working copy; `None` for a source archive, or without git.
fn git_commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    // A source archive inside another repository has no commit of its own.
    let root = Path::new(&git(&["rev-parse", "--show-toplevel"])?).canonicalize();
    if root.ok()? != Path::new(".").canonicalize().ok()? {
        return None;
    }
    // Written by each commit and each checkout. A path that does not exist would make each build run this again.
    for file in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", file])?;
        if Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn prost_types_set(encoded: &[u8]) -> Result<tonic_prost_build::FileDescriptorSet, Box<dyn Error>> {
    Ok(tonic_prost_build::FileDescriptorSet::decode(encoded)?)
}

fn debug_impls(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut code = String::new();
    for message in pool
        .all_messages()
        .filter(|message| message.package_name() == "um.secondopinion.v1")
    {
        let name = rust_type(message.name());
        writeln!(code, "impl ::std::fmt::Debug for {name} {{")?;
        writeln!(
            code,
            "fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {{"
        )?;
        writeln!(code, "f.debug_struct({name:?})")?;
        for field in message
            .fields()
            .filter(|field| field.containing_oneof().is_none())
        {
            let rust = rust_field(field.name());
            let value = if is_redacted(&field) {
                "&::std::format_args!(\"[redacted]\")".to_owned()
            } else if is_single_enum(&field) {
                format!("&self.{rust}()")
            } else {
                format!("&self.{rust}")
            };
            writeln!(code, ".field({:?}, {value})", field.name())?;
        }
        for oneof in message.oneofs() {
            writeln!(code, ".field({:?}, &self.{})", oneof.name(), oneof.name())?;
        }
        writeln!(code, ".finish() }} }}")?;
        for oneof in message.oneofs() {
            debug_oneof(&mut code, &message, &oneof)?;
        }
    }
    for item in pool
        .all_enums()
        .filter(|item| item.package_name() == "um.secondopinion.v1")
    {
        let name = rust_type(item.name());
        writeln!(code, "impl ::std::fmt::Debug for {name} {{")?;
        writeln!(
            code,
            "fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {{"
        )?;
        writeln!(code, "f.write_str(self.as_str_name()) }} }}")?;
    }
    Ok(code)
}

fn debug_oneof(
    code: &mut String,
    message: &MessageDescriptor,
    oneof: &OneofDescriptor,
) -> std::fmt::Result {
    let path = format!(
        "{}::{}",
        rust_module(message.name()),
        rust_type(oneof.name())
    );
    writeln!(code, "impl ::std::fmt::Debug for {path} {{")?;
    writeln!(
        code,
        "fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {{ match self {{"
    )?;
    for field in oneof.fields() {
        let variant = rust_type(field.name());
        if is_redacted(&field) {
            writeln!(
                code,
                "Self::{variant}(_) => f.write_str(\"{variant}([redacted])\"),"
            )?;
        } else {
            writeln!(
                code,
                "Self::{variant}(value) => f.debug_tuple({variant:?}).field(value).finish(),"
            )?;
        }
    }
    writeln!(code, "}} }} }}")
}

fn is_redacted(field: &FieldDescriptor) -> bool {
    field
        .options()
        .get_field_by_name("debug_redact")
        .is_some_and(|value| value.as_bool() == Some(true))
}

fn is_single_enum(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::Enum(_)) && field.cardinality() != Cardinality::Repeated
}

/// The field's name in the generated code, with keywords escaped.
fn rust_field(name: &str) -> String {
    if name == "type" {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// Converts `snake_case` or `CamelCase` to the type's name in the generated code.
fn rust_type(name: &str) -> String {
    name.split('_')
        .map(|part| {
            let mut letters = part.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
                .unwrap_or_default()
        })
        .collect()
}

fn rust_module(name: &str) -> String {
    let mut module = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !module.is_empty() {
            module.push('_');
        }
        module.push(letter.to_ascii_lowercase());
    }
    module
}
