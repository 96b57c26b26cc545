//! What `collect` costs on a large cluster, against fetching the same pages and throwing them away.
//!
//! Three processes: this one measures, a copy of it serves the pages, and the program under test collects. Peak memory
//! is what Linux says of the whole process (`VmHWM`), looked at every millisecond until it ends; processor time is what
//! it counted (`/proc/PID/stat`), which other programs on the machine change little.
//!
//! Both clients ask for the same pages, as gzip. The server packs each page anew, as the API server does; it does not
//! read objects from etcd and encode them, which costs the API server more than packing. So the ratio of times is
//! above that of a real cluster.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use http_body_util::BodyExt;
use kube::{Client, client::Body};
use scopefence::{
    assess::{self, History},
    snapshot, workspace,
};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{generated, replay::Replay};

/// Says to this program that it is to serve the pages.
pub const SERVE: &str = "--serve-cluster";
/// Says to this program that it is to fetch the pages and throw them away.
pub const FETCH: &str = "--fetch-cluster";
/// Each is done so many times, in turn; the quickest counts, for other programs on the machine only ever slow it down.
const TURNS: usize = 3;
const SEED: u64 = 20_261_121;
/// Lists read at the same time, as `collect` does.
const CONCURRENT: usize = 8;

/// Serves a large cluster until the process that asked for it ends.
pub fn serve() {
    let cluster = generated::generate(generated::LARGE, SEED);
    let paths: Vec<String> = cluster.pages.keys().filter(|path| path.matches('/').count() > 2).cloned().collect();
    let objects: usize = cluster.counts.values().sum();
    let packed: usize = cluster.pages.values().flatten().map(Vec::len).sum();
    eprintln!("{objects} objects, {} MB, {} MB as gzip", cluster.bytes >> 20, packed >> 20);
    for (kind, count) in &cluster.counts {
        eprintln!("  {count:>6} {kind}");
    }
    let server = Replay::of_pages(cluster.pages);
    println!("{}", server.kubeconfig().display());
    println!("{}", paths.join(" "));
    let _ = std::io::stdin().read(&mut [0]);
}

/// Fetches every page of the lists through the same client, unpacks and drops it. Arguments: kubeconfig, paths.
pub fn fetch(arguments: &[String]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bytes = runtime.block_on(async {
        let kubeconfig = kube::config::Kubeconfig::read_from(&arguments[0]).expect("a kubeconfig");
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.expect("a context");
        let client = Client::try_from(config).expect("a client");
        let permits = Arc::new(Semaphore::new(CONCURRENT));
        let mut tasks = JoinSet::new();
        for path in &arguments[1..] {
            let (client, permits, path) = (client.clone(), permits.clone(), path.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire_owned().await;
                list(&client, &path).await
            });
        }
        tasks.join_all().await.into_iter().sum::<usize>()
    });
    println!("{bytes}");
}

async fn list(client: &Client, path: &str) -> usize {
    let mut bytes = 0;
    let mut next = 0;
    loop {
        let token = if next == 0 { String::new() } else { format!("&continue={next}") };
        let request = http::Request::get(format!("{path}?limit=500{token}")).body(Body::empty()).expect("a request");
        let mut body = client.send(request).await.expect("an answer").into_body();
        let mut start = Vec::new();
        while let Some(frame) = body.frame().await {
            let data = frame.expect("a whole answer").into_data().unwrap_or_default();
            bytes += data.len();
            if start.len() < 200 {
                start.extend_from_slice(&data[..data.len().min(200)]);
            }
        }
        if !String::from_utf8_lossy(&start).contains("\"continue\"") {
            return bytes;
        }
        next += 1;
    }
}

struct Server {
    child: Child,
    kubeconfig: String,
    paths: Vec<String>,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut line = || lines.next().expect("the server starts").expect("text");
        let kubeconfig = line();
        let paths = line().split(' ').map(str::to_owned).collect();
        Self { child, kubeconfig, paths }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What one run took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    /// Processor time of the program.
    work: Duration,
    /// Processor time of the server meanwhile.
    served: Duration,
    /// MB.
    peak: u64,
}

/// Runs a command to its end.
fn measure(server: &Server, command: &mut Command) -> Cost {
    let serving = format!("/proc/{}/stat", server.child.id());
    let (worked, served) = (ticks("/proc/self/stat", ENDED), ticks(&serving, OWN));
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().expect("it can be waited for") {
            break ended;
        }
        peak = peak.max(peak_of(&status).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(ended.success(), "{command:?} ends with {ended}");
    let (work, serve) = (ticks("/proc/self/stat", ENDED) - worked, ticks(&serving, OWN) - served);
    Cost { time: begun.elapsed(), work, served: serve, peak: peak >> 10 }
}

/// Fields of `/proc/PID/stat` behind the name: time in user and kernel mode of the process itself.
const OWN: [usize; 2] = [11, 12];
/// The same of its children that have ended.
const ENDED: [usize; 2] = [13, 14];

fn ticks(path: &str, fields: [usize; 2]) -> Duration {
    let text = fs::read_to_string(path).expect("Linux counts time");
    let (_, rest) = text.rsplit_once(')').expect("the name in brackets");
    let numbers: Vec<u64> = rest.split_whitespace().map(|word| word.parse().unwrap_or(0)).collect();
    // Linux shows hundredths of a second, whatever it counts in.
    Duration::from_millis(10 * fields.iter().map(|&field| numbers[field]).sum::<u64>())
}

fn peak_of(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

/// The quickest of all turns, with the highest peak.
fn best(turns: &[Cost]) -> Cost {
    let least = |of: fn(&Cost) -> Duration| turns.iter().map(of).min().unwrap_or_default();
    Cost {
        time: least(|turn| turn.time),
        work: least(|turn| turn.work),
        served: least(|turn| turn.served),
        peak: turns.iter().map(|turn| turn.peak).max().unwrap_or(0),
    }
}

fn print(what: &str, cost: &Cost) {
    println!(
        "{what:<20} {:>7.2} s, of the processor {:>5.2} s and {:>5.2} s of the server's, peak {:>4} MB",
        cost.time.as_secs_f64(),
        cost.work.as_secs_f64(),
        cost.served.as_secs_f64(),
        cost.peak
    );
}

/// Prints time and memory of a collection of the large cluster, and of reading and assessing what it wrote.
pub fn report() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("large.snapshot.jsonl.zst");
    let this = std::env::current_exe().expect("this program");
    let (mut fetched, mut collected) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        fetched.push(measure(&server, Command::new(&this).arg(FETCH).arg(&server.kubeconfig).args(&server.paths)));
        collected.push(measure(
            &server,
            Command::new(env!("CARGO_BIN_EXE_scopefence"))
                .args(["collect", "--quiet", "--kubeconfig", &server.kubeconfig, "--out"])
                .arg(&out),
        ));
    }
    drop(server);
    let (fetch, collect) = (best(&fetched), best(&collected));
    print("fetch and throw away", &fetch);
    print("collect", &collect);
    println!("time ratio           {:>7.2}    (at most 1.5)", collect.time.as_secs_f64() / fetch.time.as_secs_f64());
    println!("memory ratio         {:>7.2}    (at most 300 MB)", collect.peak as f64 / fetch.peak.max(1) as f64);
    println!("snapshot             {:>7} kB", fs::metadata(&out).expect("written").len() >> 10);
    let begun = Instant::now();
    let snapshot = snapshot::read(&out).expect("a snapshot");
    println!("%-20s {:>7.2} s", begun.elapsed().as_secs_f64());
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("scopes/compliant-kubernetes");
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    let workspace = workspace::load(&starter, today).expect("a workspace").workspace.expect("a sound workspace");
    let begun = Instant::now();
    let assessment = assess::assess(&workspace, std::slice::from_ref(&snapshot), &History::default(), None);
    println!("%-20s {:>7.2} s  {:>5} findings", begun.elapsed().as_secs_f64(), assessment.findings.len());
    let begun = Instant::now();
    let past = assess::past(&workspace, &snapshot);
    println!("%-20s {:>7.2} s  {:>5} findings", begun.elapsed().as_secs_f64(), past.findings.len());
}
