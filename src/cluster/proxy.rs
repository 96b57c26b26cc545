//! Whether requests go through a proxy, decided as `kubectl` decides: `proxy-url` of the kubeconfig, else
//! `HTTPS_PROXY`, unless `NO_PROXY` names the API server or it is on this machine.

use std::net::IpAddr;

use http::Uri;

/// The proxy for `server`, if any. `variable` looks up the environment.
///
/// # Errors
/// When the variable holds no URL; the message does not repeat it, for it may hold a password.
pub(super) fn decide(server: &Uri, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Uri>, String> {
    let either = |upper: &str| {
        let named = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        named(upper).or_else(|| named(&upper.to_ascii_lowercase()))
    };
    let name = if server.scheme_str() == Some("http") { "HTTP_PROXY" } else { "HTTPS_PROXY" };
    let Some(proxy) = either(name) else { return Ok(None) };
    let (host, port) = (server.host().unwrap_or_default(), server.port_u16().unwrap_or(443));
    if is_local(host) || either("NO_PROXY").is_some_and(|list| list.split(',').any(|entry| names(entry, host, port))) {
        return Ok(None);
    }
    let proxy = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    proxy.trim().parse().map(Some).map_err(|_| format!("{name} is not a URL"))
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|address| address.is_loopback())
}

/// Whether one entry of NO_PROXY names the host: `*`, an address, a network, a domain (with its sub-domains), each with
/// or without a port.
fn names(entry: &str, host: &str, port: u16) -> bool {
    let entry = entry.trim().to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let (Some((network, length)), Some(address)) = (entry.split_once('/'), address(&host)) {
        return contains(network, length, address);
    }
    let entry = match entry.rsplit_once(':') {
        Some((name, its)) if its.parse::<u16>().is_ok() && (!name.contains(':') || name.ends_with(']')) => {
            if its.parse() != Ok(port) {
                return false;
            }
            name.to_owned()
        }
        _ => entry,
    };
    if let (Some(entry), Some(host)) = (address(&entry), address(&host)) {
        return entry == host;
    }
    let domain = entry.trim_start_matches('*').trim_start_matches('.');
    let below = host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    below || (host == domain && domain.len() == entry.len())
}

fn contains(network: &str, length: &str, address: IpAddr) -> bool {
    let Ok(length) = length.parse::<u32>() else { return false };
    match (network.parse(), address) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(address)) if length <= 32 => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            (u32::from(network) ^ u32::from(address)) & mask == 0
        }
        (Ok(IpAddr::V6(network)), IpAddr::V6(address)) if length <= 128 => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            (u128::from(network) ^ u128::from(address)) & mask == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(server: &str, no_proxy: &str) -> bool {
        let variable = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://proxy.example:3128".to_owned()),
            "NO_PROXY" => Some(no_proxy.to_owned()),
            _ => None,
        };
        decide(&server.parse().expect("a URL"), variable).expect("a decision").is_some()
    }

    #[test]
    fn no_proxy_is_matched_against_the_api_server() {
        for (server, no_proxy, expected) in [
            ("https://api.example:6443", "", true),
            ("https://api.example:6443", "proxy.example", true),
            ("https://api.example:6443", "api.example", false),
            ("https://api.example:6443", "example", false),
            ("https://api.example:6443", ".example", false),
            ("https://api.example:6443", "*.example", false),
            ("https://example:6443", ".example", true),
            ("https://myapi.example:6443", "api.example", true),
            ("https://api.example:6443", "api.example:443", true),
            ("https://api.example:6443", "other, api.example:6443", false),
            ("https://api.example:6443", "*", false),
            ("https://10.1.2.3:6443", "10.0.0.0/8", false),
            ("https://11.1.2.3:6443", "10.0.0.0/8", true),
            ("https://10.1.2.3", "10.1.2.3", false),
            ("https://[fd00::1]:6443", "fd00::/8", false),
            ("https://[fd00::1]:6443", "[fd00::1]:6443", false),
            ("https://127.0.0.1:6443", "", false),
            ("https://localhost:6443", "", false),
        ] {
            assert_eq!(proxy(server, no_proxy), expected, "{server} with NO_PROXY={no_proxy}");
        }
    }

    #[test]
    fn a_broken_variable_is_not_repeated() {
        let server = "https://api.example".parse().expect("a URL");
        let answer = decide(&server, |name| (name == "HTTPS_PROXY").then(|| "http://user:hunter2@ho st".to_owned()));
        assert_eq!(answer, Err("HTTPS_PROXY is not a URL".to_owned()));
    }
}
