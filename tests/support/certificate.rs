//! What does a server of the tests show over TLS? A certificate for this machine that vouches for itself.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use second_opinion::config::Tls;

/// Makes a certificate for the loopback addresses and its key, as PEM files in a folder.
pub fn make(folder: &Path) -> Tls {
    make_for(folder, &["127.0.0.1", "localhost"])
}

/// Makes a certificate for some names.
pub fn make_for(folder: &Path, names: &[&str]) -> Tls {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let tls = Tls {
        cert: folder.join("server.pem"),
        key: folder.join("server.key"),
        client_ca: None,
    };
    let key = made.signing_key.serialize_der();
    std::fs::write(&tls.cert, pem("CERTIFICATE", made.cert.der())).expect("a file");
    std::fs::write(&tls.key, pem("PRIVATE KEY", &key)).expect("a file");
    tls
}

pub fn pem(what: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n")
}
