//! Compiles the contract without protoc, and writes a `Debug` for every message that shows no redacted field.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

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
    println!("cargo:rerun-if-changed={PROTO_ROOT}");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new([PROTO_ROOT])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(FILES)?;

    // The encoded form keeps the option `debug_redact`; prost's own types drop it.
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
        // Over a kilobyte each: what holds them is moved about, from future to future.
        .boxed("second_opinion")
        .boxed("determination")
        .compile_fds(files)?;
    Ok(())
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
                "&crate::wire::Redacted".to_owned()
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

/// The name that prost gives a field: keywords are escaped.
fn rust_field(name: &str) -> String {
    if name == "type" {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// `snake_case` or `CamelCase` to the name that the generated Rust has.
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
