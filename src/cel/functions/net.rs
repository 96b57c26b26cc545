//! Kubernetes' `ip` and `cidr` libraries.

use std::{fmt, net::IpAddr};

use super::{Function, global, meaningless, method, text};
use crate::cel::{Fault, value::Value};

/// An address with the length of its prefix; the address keeps its host bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Cidr {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no network in CIDR notation");
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address = address_of(address).map_err(|_| wrong())?;
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let leading = prefix.len() > 1 && prefix.starts_with('0');
        let prefix: u8 = prefix.parse().ok().filter(|_| digits && !leading).ok_or_else(wrong)?;
        if prefix > bits(address) {
            return Err(wrong());
        }
        Ok(Self { address, prefix })
    }

    fn masked(self) -> Self {
        Self { address: mask(self.address, self.prefix), ..self }
    }

    fn contains(self, address: IpAddr) -> bool {
        bits(address) == bits(self.address) && mask(address, self.prefix) == mask(self.address, self.prefix)
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn mask(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

/// An address without zone, and not an IPv4 one in the dress of IPv6.
fn address_of(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text.parse().map_err(|_| format!("`{text}` is no IP address"))?;
    match address {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            Err(format!("`{text}` is an IPv4 address mapped into IPv6, which is not allowed"))
        }
        _ => Ok(address),
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    global("isIP", 1..=1, |_, args| Ok(Value::Bool(address_of(text("isIP", args, 0)?).is_ok()))),
    global("ip", 1..=1, |_, args| Ok(Value::Ip(address_of(text("ip", args, 0)?)?))),
    global("ip.isCanonical", 1..=1, |_, args| {
        let text = text("ip.isCanonical", args, 0)?;
        Ok(Value::Bool(address_of(text)?.to_string() == **text))
    }),
    method("family", 1..=1, |_, args| Ok(Value::Int(if address("family", args)?.is_ipv4() { 4 } else { 6 }))),
    method("isUnspecified", 1..=1, |_, args| Ok(Value::Bool(address("isUnspecified", args)?.is_unspecified()))),
    method("isLoopback", 1..=1, |_, args| Ok(Value::Bool(address("isLoopback", args)?.is_loopback()))),
    method("isLinkLocalMulticast", 1..=1, |_, args| {
        Ok(Value::Bool(match address("isLinkLocalMulticast", args)? {
            IpAddr::V4(v4) => v4.octets()[..3] == [224, 0, 0],
            IpAddr::V6(v6) => v6.segments()[0] & 0xff0f == 0xff02,
        }))
    }),
    method("isLinkLocalUnicast", 1..=1, |_, args| Ok(Value::Bool(link_local(address("isLinkLocalUnicast", args)?)))),
    method("isGlobalUnicast", 1..=1, |_, args| {
        let address = address("isGlobalUnicast", args)?;
        let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
        let other = address.is_unspecified() || address.is_loopback() || address.is_multicast();
        Ok(Value::Bool(!(broadcast || other || link_local(address))))
    }),
    global("isCIDR", 1..=1, |_, args| Ok(Value::Bool(Cidr::parse(text("isCIDR", args, 0)?).is_ok()))),
    global("cidr", 1..=1, |_, args| Ok(Value::Cidr(Cidr::parse(text("cidr", args, 0)?)?))),
    method("containsIP", 2..=2, |_, args| {
        let address = match &args[1] {
            Value::Ip(address) => *address,
            Value::Text(text) => address_of(text)?,
            _ => return Err(meaningless("containsIP", args)),
        };
        Ok(Value::Bool(network("containsIP", args)?.contains(address)))
    }),
    method("containsCIDR", 2..=2, |_, args| {
        let inner = match &args[1] {
            Value::Cidr(inner) => *inner,
            Value::Text(text) => Cidr::parse(text)?,
            _ => return Err(meaningless("containsCIDR", args)),
        };
        let outer = network("containsCIDR", args)?;
        Ok(Value::Bool(outer.prefix <= inner.prefix && outer.contains(inner.address)))
    }),
    method("ip", 1..=1, |_, args| Ok(Value::Ip(network("ip", args)?.address))),
    method("masked", 1..=1, |_, args| Ok(Value::Cidr(network("masked", args)?.masked()))),
    method("prefixLength", 1..=1, |_, args| Ok(Value::Int(network("prefixLength", args)?.prefix.into()))),
];

fn link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn address(name: &str, args: &[Value<'_>]) -> Result<IpAddr, Fault> {
    match &args[0] {
        Value::Ip(address) => Ok(*address),
        _ => Err(meaningless(name, args)),
    }
}

fn network(name: &str, args: &[Value<'_>]) -> Result<Cidr, Fault> {
    match &args[0] {
        Value::Cidr(cidr) => Ok(*cidr),
        _ => Err(meaningless(name, args)),
    }
}
