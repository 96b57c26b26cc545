//! Accessibility of the pages as [axe](https://github.com/dequelabs/axe-core) judges it: WCAG 2.2 up to AA and its best
//! practices, on every page of a build with evidence in both themes, and on the smaller ones on a narrow screen and of a
//! plan in German.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use serde_json::Value;

use crate::{
    browser::{Browser, View},
    support::{checkout, missing, scopefence},
};

/// What axe looks for.
const ALL: &str = "{type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}";

/// The rules whose answer colours decide.
const COLOURS: &str = "{type: 'rule', values: ['color-contrast', 'link-in-text-block']}";

/// Pages of so many bytes and more are looked at on a wide screen only, and once.
const LARGE: u64 = 250_000;

/// Text in drawings against what is drawn below it: axe does not judge pictures. Answers one line a text that is too
/// faint; 4.5 to 1 is success criterion 1.4.3 of WCAG.
const DRAWINGS: &str = r"(() => {
  const light = colour => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map(part => part / 255);
    const linear = parts.map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const faint = [];
  for (const scene of document.querySelectorAll('svg.scene')) {
    const below = [];
    for (const shape of scene.querySelectorAll('rect, text')) {
      const box = shape.getBBox();
      const ink = getComputedStyle(shape).fill;
      if (shape.tagName === 'rect') {
        if (ink !== 'none') below.push([box, ink]);
        continue;
      }
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      const hit = below.findLast(([at]) => x >= at.x && x <= at.x + at.width && y >= at.y && y <= at.y + at.height);
      const paper = hit ? hit[1] : getComputedStyle(document.body).backgroundColor;
      const both = [light(ink), light(paper)];
      const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
      if (ratio < 4.5) faint.push(`${shape.textContent}: ${ink} on ${paper} is ${ratio.toFixed(2)} to 1`);
    }
  }
  return faint;
})()";

/// A page to be judged.
struct Visit {
    page: PathBuf,
    view: View,
    /// Rules as axe takes them.
    rules: &'static str,
}

/// The script, from the folder that `SCOPEFENCE_AXE` names.
fn library() -> Option<String> {
    let found = std::env::var_os("SCOPEFENCE_AXE").map(|folder| Path::new(&folder).join("axe.min.js"));
    let script = found.and_then(|file| fs::read_to_string(file).ok());
    if script.is_none() {
        missing("axe-core");
    }
    script
}

/// Builds the pages of a workspace and returns their paths.
fn build(workspace: &Path, options: &[&str], out: &Path) -> Vec<PathBuf> {
    let mut command = scopefence();
    command.arg("build").arg(workspace).args(["--format", "html"]).args(options).arg("--out").arg(out);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut pages = Vec::new();
    let mut folders = vec![out.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "html") {
                pages.push(path);
            }
        }
    }
    assert!(pages.iter().any(|page| page.ends_with("index.html")) && pages.len() > 5, "{pages:?}");
    pages
}

/// A starter in another language.
fn translated(starter: &str, language: &str, to: &Path) {
    crate::support::copy(&checkout("scopes").join(starter), to);
    let file = to.join("scopefence.toml");
    let text = fs::read_to_string(&file).unwrap();
    let (english, other) = ("\nlanguage = \"en\"\n", format!("\nlanguage = \"{language}\"\n"));
    assert!(text.contains(english), "{starter} declares its language");
    fs::write(file, text.replacen(english, &other, 1)).unwrap();
}

/// What axe and the test have against a page, one complaint each.
fn judge(browser: &mut Browser, axe: &str, visit: &Visit) -> Vec<String> {
    browser.view(visit.view);
    browser.open(&visit.page);
    browser.evaluate(&format!("{axe}; 0"));
    let run = format!(
        "axe.run(document, {{resultTypes: ['violations'], preload: false, runOnly: {}}}).then(found => found.violations.flatMap(rule =>
            rule.nodes.map(node => `${{rule.id}} at ${{node.target.join(' ')}}: ${{rule.help}}. ${{node.failureSummary}}`)))",
        visit.rules
    );
    let mut complaints = lines(&browser.evaluate(&run));
    complaints.extend(lines(&browser.evaluate(DRAWINGS)));
    complaints
}

fn lines(value: &Value) -> Vec<String> {
    value.as_array().expect("a list").iter().map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn axe_finds_nothing_on_any_page_in_both_themes() {
    let Some(axe) = library() else { return };
    let Some(first) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let sample = checkout("scopes/samples/platform.snapshot.jsonl.zst");
    let observed = build(
        &checkout("scopes/compliant-kubernetes"),
        &["--evidence", sample.to_str().unwrap()],
        &folder.path().join("observed"),
    );
    translated("managed-cluster", "de", &folder.path().join("plan"));
    let planned = build(&folder.path().join("plan"), &["--no-evidence"], &folder.path().join("planned"));

    let size = |page: &Path| fs::metadata(page).map_or(0, |file| file.len());
    let mut visits = Vec::new();
    for page in observed {
        visits.push(Visit { page: page.clone(), view: View::DARK, rules: COLOURS });
        // The largest pages are of the same parts as the others, and slow to judge.
        if size(&page) < LARGE {
            visits.push(Visit { page: page.clone(), view: View::NARROW, rules: ALL });
        }
        visits.push(Visit { page, view: View::WIDE, rules: ALL });
    }
    let planned = planned.into_iter().filter(|page| size(page) < LARGE);
    visits.extend(planned.map(|page| Visit { page, view: View::WIDE, rules: ALL }));
    visits.sort_by_key(|visit| std::cmp::Reverse(size(&visit.page)));
    let count = visits.len();
    let visits = Mutex::new(VecDeque::from(visits));
    let complaints = Mutex::new(Vec::new());
    let work = |mut browser: Browser| {
        loop {
            let Some(visit) = visits.lock().unwrap().pop_front() else { return };
            let found = judge(&mut browser, &axe, &visit);
            let page = visit.page.strip_prefix(folder.path()).unwrap().display().to_string();
            let shown = found.iter().take(12).map(|line| format!("{page} {:?}: {line}", visit.view));
            complaints.lock().unwrap().extend(shown);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| work(Browser::start().expect("as before")));
        work(first);
    });
    let complaints = complaints.into_inner().unwrap();
    assert!(complaints.is_empty(), "{} complaints on {count} views:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn axe_is_asked_what_it_can_find() {
    let Some(axe) = library() else { return };
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("bad.html");
    let text = "<!doctype html><html><title>Bad</title><p style=\"color:#bbb\">faint</p><button></button>\
                <svg class=\"scene\"><rect width=\"90\" height=\"40\" fill=\"#888\"/><text y=\"20\" fill=\"#999\">x</text></svg>";
    fs::write(&page, text).unwrap();
    let found = judge(&mut browser, &axe, &Visit { page: page.clone(), view: View::WIDE, rules: ALL }).join("\n");
    for rule in ["html-has-lang", "color-contrast", "button-name", "landmark-one-main", "x: rgb(153, 153, 153) on rgb"]
    {
        assert!(found.contains(rule), "{rule} in {found}");
    }
    let found = judge(&mut browser, &axe, &Visit { page, view: View::DARK, rules: COLOURS }).join("\n");
    assert!(found.contains("color-contrast") && !found.contains("button-name"), "{found}");
}
