//! What all modules share: the program, the folder of test data, tools that may be missing.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The program under test, away from the configuration of whoever runs the tests.
pub fn scopefence() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scopefence"));
    for variable in ["KUBECONFIG", "SOURCE_DATE_EPOCH", "NO_COLOR", "RUST_LOG", "HTTPS_PROXY", "https_proxy"] {
        command.env_remove(variable);
    }
    command
}

/// A path below `tests/data`.
pub fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

/// A path below the checkout.
pub fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Path of an external tool. Without it the test is skipped and says so, unless `SCOPEFENCE_TEST_ALL=1`.
///
/// # Panics
/// When every tool has to be there and this one is not.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        missing(name);
    }
    found
}

/// Says that a test is skipped for want of something.
///
/// # Panics
/// Under `SCOPEFENCE_TEST_ALL=1`, where everything has to be there.
pub fn missing(name: &str) {
    assert!(std::env::var_os("SCOPEFENCE_TEST_ALL").is_none_or(|all| all != "1"), "{name} not found");
    eprintln!("skipped: {name} not found");
}

/// A command of [`scopefence`] as it runs in a Pod: with the token and certificate of a service account, and nothing
/// else that says where the API server is. The folder of a service account cannot be moved, so the program gets a view
/// of the file system that has one; `None` where the machine does not allow that.
#[cfg(target_os = "linux")]
pub fn in_pod(program: &Command, token: &str, certificate: &Path, port: u16) -> Option<Command> {
    let unshare = tool("unshare")?;
    if !Command::new(&unshare).args(["-rm", "true"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this machine does not allow mount namespaces");
        return None;
    }
    let script = r#"mount -t tmpfs none /var/run && cd /var/run && mkdir -p secrets/kubernetes.io/serviceaccount &&
        cd secrets/kubernetes.io/serviceaccount && printf %s "$TOKEN" > token && printf audit > namespace &&
        cp "$0" ca.crt && unset TOKEN && cd / && exec "$@""#;
    let mut command = Command::new(unshare);
    command.args(["-rm", "sh", "-c", script]).arg(certificate).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("TOKEN", token).env("HOME", "/nowhere");
    command.env("KUBERNETES_SERVICE_HOST", "127.0.0.1").env("KUBERNETES_SERVICE_PORT", port.to_string());
    Some(command)
}
