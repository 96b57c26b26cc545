//! A headless browser that tests drive as a reader would: it opens pages, presses keys, and answers what a page knows.
//!
//! It speaks the [DevTools protocol](https://chromedevtools.github.io/devtools-protocol/) over a pipe: JSON messages,
//! each ended by a zero byte. Pages stay as they were built: what a test evaluates is not held by their policy.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support;

/// How long a page may take to load.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub struct Browser {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: Value,
    last: u64,
    _profile: tempfile::TempDir,
}

/// How pages are shown: width and height of the window in CSS pixels, and what the reader's system prefers.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
    /// Motion is not wanted.
    pub still: bool,
    /// As on paper.
    pub print: bool,
}

impl View {
    pub const WIDE: View = View { width: 1280, height: 900, dark: false, still: false, print: false };
    pub const DARK: View = View { dark: true, ..View::WIDE };
    pub const NARROW: View = View { width: 360, height: 740, ..View::WIDE };
}

impl Browser {
    /// Starts the browser; `None` where there is none, which skips the test or fails it as [`support::tool`] says.
    pub fn start() -> Option<Browser> {
        let program = support::tool("chromium")?;
        let profile = tempfile::tempdir().expect("a folder");
        // The browser reads requests from descriptor 3 and writes answers to descriptor 4.
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>&2", "sh"])
            .arg(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let requests = process.stdin.take().expect("piped");
        let answers = BufReader::new(process.stdout.take().expect("piped"));
        let mut browser = Browser { process, requests, answers, session: Value::Null, last: 0, _profile: profile };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        browser.session = browser.call("Target.attachToTarget", attach)["sessionId"].clone();
        Some(browser)
    }

    /// Calls a method of the protocol and returns its result.
    ///
    /// # Panics
    /// When the browser is gone or refuses.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut request = json!({"id": self.last, "method": method, "params": parameters});
        if !self.session.is_null() {
            request["sessionId"] = self.session.clone();
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).expect("a browser that listens");
        loop {
            let mut answer = Vec::new();
            self.answers.read_until(0, &mut answer).expect("a browser that answers");
            assert_eq!(answer.pop(), Some(0), "the browser ended during {method}");
            let mut answer: Value = serde_json::from_slice(&answer).expect("JSON");
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
        }
    }

    /// Shows pages like this from now on.
    pub fn view(&mut self, view: View) {
        let View { width, height, .. } = view;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let preferences = json!([
            {"name": "prefers-color-scheme", "value": if view.dark { "dark" } else { "light" }},
            {"name": "prefers-reduced-motion", "value": if view.still { "reduce" } else { "no-preference" }},
        ]);
        let media = json!({"media": if view.print { "print" } else { "" }, "features": preferences});
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// Opens a page and waits until it is loaded and its scripts have run.
    pub fn open(&mut self, page: &Path) {
        self.call("Page.navigate", json!({"url": "about:blank"}));
        let url = format!("file://{}", page.display());
        self.call("Page.navigate", json!({"url": url}));
        self.until(&format!("document.readyState === 'complete' && location.href === {}", json!(url)));
    }

    /// Waits until an expression is true; a page that is just left cannot answer, which counts as false.
    pub fn until(&mut self, expression: &str) {
        let start = Instant::now();
        loop {
            let answer = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
            if answer["result"]["value"] == true {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{expression} did not come true: {answer}");
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// The value of an expression, awaited if it is a promise.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.call("Runtime.evaluate", parameters);
        let shown: String = expression.chars().take(200).collect();
        assert!(answer["exceptionDetails"].is_null(), "{shown}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Presses and releases a key: `Tab`, `Enter`, `ArrowDown`, or the character that it types.
    pub fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" | "Shift+Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            " " => 32,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            "/" => 191,
            letter => u32::from(letter.to_uppercase().as_bytes()[0]),
        };
        let text = match key {
            "Enter" => "\r",
            typed if typed.chars().count() == 1 => typed,
            _ => "",
        };
        let (key, modifiers) = key.strip_prefix("Shift+").map_or((key, 0), |key| (key, 8));
        let mut event = json!({"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers, "text": text});
        event["type"] = if text.is_empty() { "rawKeyDown" } else { "keyDown" }.into();
        self.call("Input.dispatchKeyEvent", event.clone());
        event["type"] = "keyUp".into();
        event["text"] = "".into();
        self.call("Input.dispatchKeyEvent", event);
    }

    /// Types a text key by key.
    pub fn enter(&mut self, text: &str) {
        text.chars().for_each(|letter| self.press(&letter.to_string()));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked nicely it leaves its profile alone before that is removed.
        let _ = self.requests.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
