//! Which trace does a caller say that its call belongs to?
//!
//! The form is that of W3C Trace Context. What does not have it is as if nothing had been said; the library's own reader
//! takes ids that are too short.

use std::borrow::Cow;
use std::str::FromStr as _;

use http::{HeaderMap, HeaderName};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The header that says it.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What vendors of tracing say beside it.
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// As many bytes of it as are carried on; of more, nothing is. The standard asks for no more.
const STATE_BYTES_MAX: usize = 512;
/// As long as the parts that every version has.
const PARENT_BYTES: usize = 55;

/// The span that a call was made in.
pub(super) fn context(headers: &HeaderMap) -> Option<SpanContext> {
    let mut given = headers.get_all(&TRACEPARENT).iter();
    let parent = given.next()?.to_str().ok()?;
    // Two parents are none.
    if given.next().is_some() {
        return None;
    }
    let (trace, span, flags) = parse(parent)?;
    let context = SpanContext::new(trace, span, flags, true, state(headers));
    context.is_valid().then_some(context)
}

fn parse(text: &str) -> Option<(TraceId, SpanId, TraceFlags)> {
    let version = text.get(..2)?;
    let (trace, span, flags) = (text.get(3..35)?, text.get(36..52)?, text.get(53..55)?);
    let is_hex = |part: &str| part.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let is_cut_by_dashes = [2, 35, 52].iter().all(|at| text.as_bytes()[*at] == b'-');
    // A later version may say more, after a dash.
    let rest = &text[PARENT_BYTES..];
    let ends_well = rest.is_empty() || (version != "00" && rest.starts_with('-'));
    if !is_cut_by_dashes
        || !ends_well
        || version == "ff"
        || ![version, trace, span, flags].into_iter().all(is_hex)
    {
        return None;
    }
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some((
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        // Of the flags, the standard's first version knows this one.
        TraceFlags::new(flags) & TraceFlags::SAMPLED,
    ))
}

fn state(headers: &HeaderMap) -> TraceState {
    let mut joined: Cow<'_, str> = Cow::Borrowed("");
    for value in headers.get_all(&TRACESTATE) {
        let Ok(text) = value.to_str() else {
            return TraceState::NONE;
        };
        joined = if joined.is_empty() {
            text.into()
        } else {
            format!("{joined},{text}").into()
        };
    }
    if joined.is_empty() || joined.len() > STATE_BYTES_MAX {
        return TraceState::NONE;
    }
    TraceState::from_str(&joined).unwrap_or(TraceState::NONE)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(parents: &[&'static str], states: &[&'static str]) -> Option<SpanContext> {
        let mut headers = HeaderMap::new();
        for parent in parents {
            headers.append(TRACEPARENT, HeaderValue::from_static(parent));
        }
        for state in states {
            headers.append(TRACESTATE, HeaderValue::from_static(state));
        }
        context(&headers)
    }

    #[test]
    fn a_parent_is_read_as_the_standard_writes_it() {
        let read_one = |parent| read(&[parent], &[]);
        let found = read_one(PARENT).expect("a parent");
        assert_eq!(
            found.trace_id().to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        assert_eq!(found.span_id().to_string(), "b7ad6b7169203331");
        assert!(found.is_sampled() && found.is_remote());
        let undecided = read_one("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        assert!(!undecided.expect("a parent").is_sampled());
        for later in [
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
        ] {
            assert!(read_one(later).expect("a parent").is_sampled(), "{later}");
        }
        for bad in [
            "",
            "00",
            "00-1-1-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(read_one(bad).is_none(), "{bad}");
        }
        assert!(read(&[], &[]).is_none());
        assert!(read(&[PARENT, PARENT], &[]).is_none(), "two parents");
    }

    #[test]
    fn what_vendors_say_is_carried_on_in_one_list() {
        let state = |states: &[&'static str]| {
            read(&[PARENT], states)
                .expect("a parent")
                .trace_state()
                .header()
        };
        assert_eq!(state(&["a=1,b=2", "c=3"]), "a=1,b=2,c=3");
        assert_eq!(state(&["no list"]), "");
        let long: &'static str = Box::leak(format!("a={}", "x".repeat(511)).into_boxed_str());
        assert_eq!(state(&[long]), "");
    }
}
