//! `scopefence serve`: pages that follow the workspace, problems listed in them, and who may ask.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{checkout, copy, scopefence};

const PATIENCE: Duration = Duration::from_secs(60);

/// A running server over a copy of the starter; ends with the test.
struct Served {
    process: Child,
    address: SocketAddr,
    workspace: PathBuf,
    _folder: tempfile::TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn serve(prepare: impl FnOnce(&Path), more: &[&str]) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    copy(&checkout("scopes/compliant-kubernetes"), &workspace);
    prepare(&workspace);
    let mut process = scopefence()
        .args(["serve", "--address", "127.0.0.1:0"])
        .arg(&workspace)
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix('/')).expect("prints the URL");
    Served { process, address: address.parse().unwrap(), workspace, _folder: folder }
}

impl Served {
    fn ask(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer of HTTP");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    /// Waits until a page is as it should be.
    fn wait(&self, path: &str, what: &str, fine: impl Fn(&Answer) -> bool) -> Answer {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path);
            if fine(&answer) {
                return answer;
            }
            assert!(Instant::now() < end, "{path} never came to {what}:\n{}", answer.body);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.workspace.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no `{from}`");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn events(&self) -> Events {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET /-/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        Events(BufReader::new(stream))
    }
}

struct Events(BufReader<TcpStream>);

impl Events {
    fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            if let Some(data) = line.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

/// The mark of the state that a page was made of.
fn mark(page: &str) -> &str {
    let rest = page.split_once("name=\"scopefence-live\" content=\"").expect("a page that follows").1;
    rest.split('"').next().unwrap()
}

const BREAK: (&str, &str, &str) = ("scope/inside.toml", "team = \"platform\"", "team = \"plaftorm\"");

#[test]
fn pages_are_those_of_a_build_and_follow_the_workspace() {
    let sample = checkout("scopes/samples/platform.snapshot.jsonl.zst");
    let served = serve(|_| {}, &["--evidence", sample.to_str().unwrap()]);
    let out = served.workspace.parent().unwrap().join("out");
    let mut build = scopefence();
    build.arg("build").arg(&served.workspace).arg("--out").arg(&out).arg("--evidence").arg(&sample);
    assert!(build.output().unwrap().status.success());

    // What serve adds stands in one meta element, two links and an aside; the rest is what a build writes.
    for page in ["index.html", "raci.html", "reading-guide.html", "team/platform.html"] {
        let file = fs::read_to_string(out.join(page)).unwrap();
        let answer = served.get(&format!("/{page}"));
        assert_eq!(answer.status, 200, "{page}");
        let (head, rest) = answer.body.split_once("<meta name=\"scopefence-live\"").unwrap();
        let (body, _) = rest.split_once("</head>").unwrap().1.split_once("<aside id=\"live\"").unwrap();
        let (file_head, file_body) = file.split_once("</head>").unwrap();
        assert!(head.replace("; connect-src 'self'", "") == file_head, "the head of {page}");
        assert!(body == file_body.split_once("</body>").unwrap().0, "the body of {page}");
        assert!(!file.contains("/-/"), "{page} of a build asks for what only serve has");
    }
    for file in ["assets/site.css", "assets/search-index.js", "assets/theme.css", "raci.csv", "ssp.md"] {
        assert!(served.get(&format!("/{file}")).body.as_bytes() == fs::read(out.join(file)).unwrap(), "{file}");
    }
    let pdf = served.get("/raci.pdf");
    assert!(pdf.head.contains("application/pdf") && pdf.body.starts_with("%PDF"));
    assert!(served.get("/oscal/profile.json").head.contains("application/json"));

    let mut events = served.events();
    let before = events.next()["mark"].as_str().unwrap().to_owned();
    assert_eq!(mark(&served.get("/").body), before);
    served.edit("scopefence.toml", "name = \"", "name = \"Renamed ");
    let after = events.next();
    assert_ne!(after["mark"].as_str().unwrap(), before);
    let page = served.get("/");
    assert!(page.body.contains("<h1>Renamed "), "the page shows what was saved");

    // Saved as editors do: written beside, then renamed.
    fs::create_dir_all(served.workspace.join("templates")).unwrap();
    fs::write(served.workspace.join("templates/.raci.md.swp"), "# Ours\n\nOwn words.\n").unwrap();
    fs::rename(served.workspace.join("templates/.raci.md.swp"), served.workspace.join("templates/raci.md")).unwrap();
    served.wait("/raci.html", "the new template", |answer| answer.body.contains("Own words."));
    fs::remove_dir_all(served.workspace.join("templates")).unwrap();
    served.wait("/raci.html", "the built-in template again", |answer| !answer.body.contains("Own words."));
}

#[test]
fn errors_are_listed_over_the_last_good_pages_until_they_are_mended() {
    let served = serve(|_| {}, &["--no-evidence"]);
    let (file, good, bad) = BREAK;
    let mut events = served.events();
    let before = events.next();
    assert!(!before["html"].as_str().unwrap().contains("live-error"));

    served.edit(file, good, bad);
    let event = events.next();
    assert_eq!(event["mark"], before["mark"], "pages are not loaded anew for an error");
    let list = event["html"].as_str().unwrap();
    let checked = scopefence().args(["check", "--format", "json"]).arg(&served.workspace).output().unwrap();
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let error = checked.as_array().unwrap().iter().find(|row| row["severity"] == "error").unwrap();
    let place = format!("{}:{}:{}", error["file"].as_str().unwrap(), error["line"], error["column"]);
    assert!(list.contains(error["code"].as_str().unwrap()) && list.contains(&place), "{list}");
    assert!(list.contains("did you mean <code>platform</code>?"), "{list}");

    let page = served.get("/scope.html");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<article>") && page.body.contains(&place), "the old page with the new list");

    served.edit(file, bad, good);
    let page = served.wait("/scope.html", "no error", |answer| !answer.body.contains(&place));
    assert_ne!(mark(&page.body), before["mark"].as_str().unwrap());

    // A template that breaks while it runs shows only once documents are composed.
    fs::create_dir_all(served.workspace.join("templates")).unwrap();
    fs::write(served.workspace.join("templates/raci.md"), "# Ours\n\n{{ sistem.name }}\n").unwrap();
    let page = served.wait("/raci.html", "the mistake", |answer| answer.body.contains("templates/raci.md:3"));
    assert!(page.body.contains("<article>"), "the page as it was stays");
    fs::write(served.workspace.join("templates/raci.md"), "# Ours\n\n{{ system.name }}\n").unwrap();
    served.wait("/raci.html", "the new words", |answer| {
        answer.body.contains(">Ours") && !answer.body.contains("templates/raci.md:3")
    });
}

#[test]
fn a_first_load_with_errors_becomes_the_start_page() {
    let (file, good, bad) = BREAK;
    let break_it = |workspace: &Path| {
        let text = fs::read_to_string(workspace.join(file)).unwrap();
        fs::write(workspace.join(file), text.replacen(good, bad, 1)).unwrap();
    };
    let served = serve(break_it, &["--no-evidence"]);
    let page = served.get("/");
    assert_eq!(page.status, 503);
    assert!(page.body.contains("The workspace has errors") && page.body.contains("plaftorm"), "{}", page.body);
    let mut events = served.events();
    let first = events.next();
    assert_eq!(first["mark"], mark(&page.body));
    assert_eq!(served.get("/assets/site.css").status, 200);

    // The list there is the page: another error is another page.
    served.edit("scopefence.toml", "name = \"", "nmae = \"");
    let second = events.next();
    assert_ne!(second["mark"], first["mark"]);
    served.edit("scopefence.toml", "nmae = \"", "name = \"");
    served.edit(file, bad, good);
    served.wait("/", "the start page", |answer| answer.status == 200 && answer.body.contains("class=\"cards\""));
}

#[test]
fn files_that_come_go_and_cannot_be_read_stop_nothing() {
    let served = serve(|_| {}, &["--no-evidence", "--only", "scope"]);
    assert_eq!(served.get("/ssp.html").status, 404);
    let aside = served.workspace.with_extension("aside");
    fs::rename(&served.workspace, &aside).unwrap();
    served.wait("/", "an error", |answer| answer.body.contains("live-error"));
    fs::rename(&aside, &served.workspace).unwrap();
    served.wait("/", "no error", |answer| !answer.body.contains("live-error"));

    fs::write(served.workspace.join("scope/bad.toml"), b"format = 1 # \xff\n").unwrap();
    served.wait("/scope.html", "an error", |answer| answer.body.contains("scope/bad.toml"));
    fs::remove_file(served.workspace.join("scope/bad.toml")).unwrap();
    served.wait("/scope.html", "no error", |answer| !answer.body.contains("scope/bad.toml"));

    for round in 0..50 {
        fs::write(served.workspace.join("scope/burst.toml"), format!("format = 1 # {round}\n")).unwrap();
    }
    fs::remove_file(served.workspace.join("scope/burst.toml")).unwrap();
    served.edit("scopefence.toml", "name = \"", "name = \"After the burst ");
    served.wait("/", "the last save", |answer| answer.body.contains("<h1>After the burst "));
}

#[test]
fn foreign_names_paths_of_the_disk_and_other_methods_are_refused() {
    let served = serve(|_| {}, &["--no-evidence", "--only", "scope"]);
    for host in ["evil.example", "evil.example:80", "localhost.evil.example", ""] {
        let answer = served.ask(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        assert!(matches!(answer.status, 400 | 403), "{host}: {}", answer.status);
        assert!(!answer.body.contains("<html"), "{host}");
    }
    let port = served.address.port();
    for host in [format!("127.0.0.1:{port}"), format!("[::1]:{port}"), "LOCALHOST".to_owned()] {
        let answer = served.ask(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        assert_eq!(answer.status, 200, "{host}");
    }
    for path in [
        "/../scopefence.toml",
        "/scopefence.toml",
        "/%2e%2e/scopefence.toml",
        "/..%2fscopefence.toml",
        "//etc/passwd",
        "/assets/../../scopefence.toml",
        "/-/../scopefence.toml",
        "/team/",
    ] {
        let answer = served.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("[system]") && !answer.body.contains("root:"), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let request =
            format!("{method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assert_eq!(served.ask(&request).status, 405, "{method}");
    }
    let head = served.ask("HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(head.status == 200 && head.body.is_empty());
    let page = served.get("/");
    for wanted in ["frame-ancestors 'none'", "nosniff", "cross-origin-resource-policy: same-origin"] {
        assert!(page.head.contains(wanted), "{wanted}:\n{}", page.head);
    }
    assert!(page.head.contains("default-src 'none'") && !page.head.contains("unsafe"));
}

#[test]
fn an_address_in_use_is_said_clearly() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output =
        scopefence().args(["serve", "--address", &address]).arg(checkout("scopes/managed-cluster")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains(&address) && message.contains("--address"), "{message}");
}

#[test]
fn what_cannot_be_shown_at_all_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = scopefence();
    let output = command.args(["serve", "--address", "127.0.0.1:0"]).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("scopefence init"));
    let mut command = scopefence();
    command.args(["serve", "--address", "127.0.0.1:0", "--only", "raicy"]).arg(checkout("scopes/managed-cluster"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no document `raicy`"));
}

#[cfg(unix)]
#[test]
fn interrupts_end_it_at_once_and_well() {
    for signal in ["-INT", "-TERM"] {
        let mut served = serve(|_| {}, &["--no-evidence", "--only", "scope"]);
        let mut events = served.events();
        events.next();
        let id = served.process.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        let started = Instant::now();
        let status = served.process.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(started.elapsed() < Duration::from_secs(2), "{signal}");
    }
}
