//! `evaluate`: evaluates a request by the rules. Nothing is stored, and no server is called.

use std::path::PathBuf;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use prost::Message as _;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::Value;

use super::call::request::read_input;
use super::failure::Failure;
use super::process;
use crate::case::Context;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::rpc::evaluate_second_opinion::evaluated;
use crate::wire::render::RenderContext;
use crate::wire::{DESCRIPTOR, json, parse, v1};

/// The arguments of `evaluate`.
#[derive(Clone, Debug, clap::Args)]
pub struct EvaluateArgs {
    /// A `SecondOpinion` or a `SubmitSecondOpinionRequest` as proto JSON; - is standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
}

pub(super) fn run(args: &EvaluateArgs, config: &Config) -> Result<(), Failure> {
    let request = request_of(&read_input(&args.file)?)?;
    let determination = determination_of(request, config, SystemClock.now())?;
    print(&determination, "Determination")
}

/// Evaluates a request at an instant, under a configuration.
///
/// # Errors
/// Every violation of the request, a line each.
pub fn determination_of(
    request: v1::SecondOpinion,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<v1::Determination, Failure> {
    let policy = config.policy();
    let request = parse::second_opinion(Some(request.into()), now, &policy.calendar).map_err(
        |malformed| {
            let lines: Vec<String> = malformed
                .violations
                .iter()
                .map(|it| format!("\n  {}: {}", it.field, it.message))
                .collect();
            Failure::other(format!("the request is not valid:{}", lines.concat()))
        },
    )?;
    let shown = RenderContext {
        as_of: now,
        plan: &config.plan,
        calendar: &policy.calendar,
    };
    let context = Context {
        now,
        policy: &policy,
    };
    Ok(*evaluated(request, &context, shown))
}

/// Reads a request, or the submission with a request in it, as proto JSON.
///
/// # Errors
/// When the text is not JSON, or not of the contract.
pub fn request_of(text: &str) -> Result<v1::SecondOpinion, Failure> {
    let usage = |problem: String| Failure::Usage(format!("the request cannot be read: {problem}"));
    let document: Value = serde_json::from_str(text).map_err(|error| usage(error.to_string()))?;
    let submission = descriptor("SubmitSecondOpinionRequest")?;
    let field = submission.get_field_by_name("second_opinion");
    if field.is_some_and(|field| json::has_field(&document, &field)) {
        let message = json::from_json(submission, text).map_err(usage)?;
        let submission = v1::SubmitSecondOpinionRequest::decode(message.encode_to_vec().as_slice());
        return submission
            .map_err(Failure::other)?
            .second_opinion
            .map(|request| *request)
            .ok_or_else(|| usage("it is empty".to_owned()));
    }
    let message = json::from_json(descriptor("SecondOpinion")?, text).map_err(usage)?;
    v1::SecondOpinion::decode(message.encode_to_vec().as_slice()).map_err(Failure::other)
}

/// Prints a message of the contract as proto JSON on standard output.
pub(super) fn print(message: &impl prost::Message, name: &str) -> Result<(), Failure> {
    let bytes = message.encode_to_vec();
    let message =
        DynamicMessage::decode(descriptor(name)?, bytes.as_slice()).map_err(Failure::other)?;
    process::print(&json::to_json(&message).map_err(Failure::other)?)
}

fn descriptor(name: &str) -> Result<MessageDescriptor, Failure> {
    static CONTRACT: LazyLock<Result<DescriptorPool, DescriptorError>> =
        LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR));

    CONTRACT
        .as_ref()
        .map_err(Failure::other)?
        .get_message_by_name(&format!("um.secondopinion.v1.{name}"))
        .ok_or_else(|| Failure::other(format!("the contract has no message `{name}`")))
}
