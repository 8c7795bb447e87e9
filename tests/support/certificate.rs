//! Self-signed certificates for the tests' servers.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use second_opinion::config::Tls;

/// Writes a certificate for the loopback addresses and its key as PEM files to a folder.
pub fn make(folder: &Path) -> Tls {
    make_for(folder, &["127.0.0.1", "localhost"])
}

/// Writes a certificate for some names and its key.
pub fn make_for(folder: &Path, names: &[&str]) -> Tls {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let certified = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let tls = Tls {
        cert: folder.join("server.pem"),
        key: folder.join("server.key"),
        client_ca: None,
    };
    let key = certified.signing_key.serialize_der();
    std::fs::write(&tls.cert, pem("CERTIFICATE", certified.cert.der())).expect("a file");
    std::fs::write(&tls.key, pem("PRIVATE KEY", &key)).expect("a file");
    tls
}

pub fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}
