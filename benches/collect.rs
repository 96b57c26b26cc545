//! Reading a generated large cluster, and the recorded one, over loopback; reading the snapshots back.
//!
//! `cargo bench --bench collect` prints both; `-- scale` prints the first alone, and `-- apiserver`, with
//! `KUBEBUILDER_ASSETS`, the same of a real API server. The recorded part uses `../shared/recorded-cluster` when it is
//! there, else the slice in the source tree.

#[path = "../tests/testsuite/apiserver.rs"]
mod apiserver;
mod generated;
#[path = "../tests/testsuite/replay.rs"]
mod replay;
mod scale;
#[allow(dead_code)]
#[path = "../tests/testsuite/support.rs"]
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use divan::Bencher;
use replay::{Options, Replay};
use scopefence::{
    cluster::{self, Access, projection::Projections},
    snapshot,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(scale::SERVE) => return scale::serve(),
        Some(scale::FETCH) => return scale::fetch(&arguments[1..]),
        _ => {}
    }
    // `cargo bench` itself says `--bench`.
    let mut words = arguments.iter().filter(|argument| *argument != "--bench").map(String::as_str);
    match words.next() {
        Some("scale") => return scale::report(),
        Some("apiserver") => return scale::real(words.next().and_then(|pods| pods.parse().ok()).unwrap_or(20_000)),
        None => scale::report(),
        Some(_) => {}
    }
    if shared().is_none() {
        println!("../shared/recorded-cluster not found: measuring the slice in tests/data/recorded");
    }
    // A server cannot be started from within a runtime.
    server();
    divan::main();
}

fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recorded-cluster");
    path.is_dir().then_some(path)
}

/// One server for all measurements, with everything the identity `reader` may see.
fn server() -> &'static Replay {
    static SERVER: OnceLock<(Option<tempfile::TempDir>, Replay)> = OnceLock::new();
    &SERVER
        .get_or_init(|| match shared() {
            None => (None, Replay::start(Options::default())),
            Some(shared) => {
                let folder = tempfile::tempdir().expect("a folder");
                let core = shared.join("admin/api@aggregated.json");
                for file in
                    fs::read_dir(shared.join("reader")).expect("recorded").flatten().map(|it| it.path()).chain([core])
                {
                    fs::copy(&file, folder.path().join(file.file_name().expect("a name"))).expect("copied");
                }
                let server = Replay::of(folder.path(), Options::default());
                (Some(folder), server)
            }
        })
        .1
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn collected() -> snapshot::Snapshot {
    let access = Access { kubeconfig: Some(server().kubeconfig()), ..Access::default() };
    let connection = cluster::connect(&access).await.expect("a connection");
    let projections = Projections::builtin().expect("embedded");
    cluster::collect(&connection, None, projections, &|_| ()).await.expect("a snapshot")
}

#[divan::bench]
fn collect(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    bencher.bench_local(|| runtime.block_on(collected()).lists.len());
}

#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    let snapshot = runtime().block_on(collected());
    let path = server().folder().join("write.snapshot.jsonl.zst");
    bencher.bench_local(|| snapshot::write(&snapshot, &path).expect("written"));
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let snapshot = runtime().block_on(collected());
    let path = server().folder().join("read.snapshot.jsonl.zst");
    snapshot::write(&snapshot, &path).expect("written");
    bencher.bench_local(|| snapshot::read(&path).expect("a snapshot").lists.len());
}
