//! Pages as readers use them in a browser: with the keyboard alone, on a narrow screen, without motion, on paper.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, View},
    support::{checkout, scopefence},
};

/// The sample's pages below a folder.
fn build(folder: &Path, only: &[&str]) -> PathBuf {
    let mut command = scopefence();
    command.arg("build").arg(checkout("scopes/compliant-kubernetes")).args(["--format", "html"]);
    command.arg("--evidence").arg(checkout("scopes/samples/platform.snapshot.jsonl.zst")).arg("--out").arg(folder);
    only.iter().for_each(|document| _ = command.args(["--only", document]));
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    folder.to_owned()
}

/// What of the element that has the focus a reader must be able to see: what it is, whether anything marks it, and
/// whether no part of it lies in the window and below nothing else (success criterion 2.4.11 of WCAG).
const FOCUSED: &str = r"(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const ring = shown => shown.outlineStyle !== 'none' && parseFloat(shown.outlineWidth) >= 2;
  const shape = element.querySelector(':scope > rect');
  const marked = ring(style) || (shape && parseFloat(getComputedStyle(shape).strokeWidth) >= 2);
  const covered = [...element.getClientRects()].every(box => {
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [start, end] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    return [0.1, 0.5, 0.9].every(part => {
      const top = document.elementFromPoint((left + right) / 2, start + (end - start) * part);
      return !top || !(element.contains(top) || top.contains(element));
    });
  });
  const name = `${element.tagName} ${element.className} ${element.getAttribute('aria-label') || element.textContent}`;
  return {name: name.slice(0, 90), marked: !!marked, covered};
})()";

/// Presses a key so many times, and says where the focus was not to be seen.
fn unseen(browser: &mut Browser, key: &str, times: usize) -> Vec<String> {
    let mut complaints = Vec::new();
    for _ in 0..times {
        browser.press(key);
        let focused = browser.evaluate(FOCUSED);
        if !focused.is_null() && (focused["marked"] == false || focused["covered"] == true) {
            complaints.push(format!("{key}: {focused}"));
        }
    }
    complaints
}

#[test]
fn no_page_scrolls_sideways_on_a_screen_of_320_pixels() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = build(folder.path(), &[]);
    browser.view(View { width: 320, ..View::NARROW });
    let pages =
        ["index", "scope", "ssp", "raci", "people", "poam", "provider-audit", "responsibilities", "reading-guide"];
    let folders = ["team/platform", "team/payments", "matrix/cis-kubernetes-1.12"];
    for page in pages.into_iter().chain(folders) {
        browser.open(&root.join(format!("{page}.html")));
        let wider = browser.evaluate(
            "document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
                .filter(element => element.getBoundingClientRect().right > 321 && !element.closest('.scroll, pre'))
                .slice(0, 8).map(element => element.outerHTML.slice(0, 120))",
        );
        assert_eq!(wider, json!([]), "{page}");
        let width = browser.evaluate("document.documentElement.scrollWidth");
        assert!(width.as_u64().is_some_and(|width| (256..=320).contains(&width)), "{page}: {width}");
    }
}

#[test]
fn the_focus_is_seen_wherever_it_goes_and_begins_with_a_way_past_the_header() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = build(folder.path(), &["scope", "raci", "team/platform"]);
    let mut complaints = Vec::new();
    for (page, view) in [
        ("index.html", View::WIDE),
        ("scope.html", View::WIDE),
        ("raci.html", View::WIDE),
        ("team/platform.html", View::DARK),
        ("scope.html", View::NARROW),
    ] {
        // What is scrolled smoothly is not in its place yet.
        browser.view(View { still: true, ..view });
        browser.open(&root.join(page));
        browser.press("Tab");
        let first = browser.evaluate(FOCUSED);
        assert!(first["name"].as_str().unwrap().contains("Skip to content"), "{page}: {first}");
        assert!(first["marked"] == true && first["covered"] == false, "{page}: {first}");
        browser.press("Enter");
        browser.until("location.hash === '#content'");
        browser.press("Tab");
        assert_eq!(browser.evaluate("!!document.activeElement.closest('main')"), true, "{page}: past the header");
        complaints.extend(unseen(&mut browser, "Tab", 60));
        complaints.extend(unseen(&mut browser, "Shift+Tab", 70));
        // Backwards from the end of the page, where everything comes from above the window.
        browser.evaluate("scrollTo(0, document.body.scrollHeight); document.querySelector('.bottom a, main a:last-of-type')?.focus()");
        complaints.extend(unseen(&mut browser, "Shift+Tab", 60).iter().map(|line| format!("{page}, upwards: {line}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn what_is_pressed_is_24_pixels_large() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = build(folder.path(), &["scope", "people", "audit-pack"]);
    for view in [View::WIDE, View::NARROW] {
        browser.view(view);
        for page in ["index.html", "scope.html", "people.html", "audit-pack.html"] {
            browser.open(&root.join(page));
            let small = browser.evaluate(
                "[...document.querySelectorAll('button, input, summary, .formats a, .contents a, a.anchor, .neighbours a')]
                    .map(element => [element, element.getBoundingClientRect()])
                    .filter(([, box]) => box.width && (box.width < 23.9 || box.height < 23.9)).slice(0, 8)
                    .map(([element, box]) => `${element.outerHTML.slice(0, 90)} ${box.width} x ${box.height}`)",
            );
            assert_eq!(small, json!([]), "{page} at {}", view.width);
        }
    }
}

#[test]
fn search_filter_order_theme_and_copied_links_need_no_mouse() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = build(folder.path(), &["scope", "raci"]);
    browser.view(View::WIDE);
    browser.open(&root.join("scope.html"));
    searches(&mut browser);
    browser.open(&root.join("scope.html"));
    filters_and_sorts(&mut browser);
    copies(&mut browser);
    folds(&mut browser);

    let theme = "document.documentElement.dataset.theme ?? null";
    assert_eq!(browser.evaluate(theme), Value::Null);
    browser.evaluate("document.querySelector('.tools button[title=\"Dark theme\"]').focus()");
    browser.press(" ");
    assert_eq!(browser.evaluate(theme), "dark");
    assert_eq!(browser.evaluate("document.activeElement.title"), "Light theme");
    browser.open(&root.join("raci.html"));
    assert_eq!(browser.evaluate(theme), "dark", "another page remembers");
    let paper = browser.evaluate("getComputedStyle(document.body).backgroundColor");
    browser.view(View { print: true, ..View::DARK });
    assert_eq!(browser.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    assert_ne!(paper, "rgb(255, 255, 255)");
}

fn searches(browser: &mut Browser) {
    let open = "document.querySelector('dialog.search')?.open ?? false";
    browser.evaluate("document.querySelector('button[title=\"Search all documents\"]').focus()");
    browser.press("/");
    assert_eq!(browser.evaluate(open), true);
    browser.until("!!window.scopefenceIndex");
    browser.enter("escalation");
    let found = "document.querySelectorAll('dialog.search li').length";
    assert!(browser.evaluate(found).as_u64().unwrap() > 0);
    let said = browser.evaluate("document.querySelector('dialog.search [aria-live]').textContent");
    assert!(said.as_str().unwrap().contains("place"), "{said}");
    browser.press("ArrowDown");
    assert_eq!(browser.evaluate("document.activeElement.closest('li') !== null"), true);
    browser.press("ArrowUp");
    assert_eq!(browser.evaluate("document.activeElement.tagName"), "INPUT");
    browser.press("Escape");
    // The first press clears a search field in some browsers.
    browser.press("Escape");
    assert_eq!(browser.evaluate(open), false);
    assert_eq!(browser.evaluate("document.activeElement.title"), "Search all documents");
    browser.press("Enter");
    assert_eq!(browser.evaluate(open), true, "the button opens it, too");
    browser.evaluate("document.querySelector('dialog.search input').value = ''");
    browser.enter("backup");
    let target = browser.evaluate("document.querySelector('dialog.search li a').href");
    browser.press("Enter");
    browser.until(&format!("location.href === {target} && document.readyState === 'complete'"));
}

fn filters_and_sorts(browser: &mut Browser) {
    let figure = "document.querySelector('[data-filter][data-sort]')";
    let shown =
        format!("[...{figure}.querySelectorAll('tbody tr:not(.group)')].filter(row => row.offsetHeight).length");
    let all = browser.evaluate(&shown).as_u64().unwrap();
    assert!(all >= 12, "{all}");
    let first = format!("{figure}.querySelector('tbody tr:not(.group)').textContent.trim().split(/\\s+/)[0]");
    let word = browser.evaluate(&first);
    browser.evaluate(&format!("{figure}.querySelector('input').focus()"));
    browser.enter(word.as_str().unwrap());
    let live = format!("{figure}.querySelector('output').textContent");
    browser.until(&format!("{live} !== ''"));
    let left = browser.evaluate(&shown).as_u64().unwrap();
    assert!(left > 0 && left < all, "{left} of {all} rows with {word}");
    let said = browser.evaluate(&live);
    assert!(said.as_str().unwrap().contains(&left.to_string()), "{said}");
    // Paper shows the whole table.
    browser.view(View { print: true, ..View::WIDE });
    assert_eq!(browser.evaluate(&shown), all);
    browser.view(View::WIDE);
    browser.evaluate(&format!("{figure}.querySelector('input').focus()"));
    browser.press("Escape");
    browser.until(&format!("{live} === ''"));
    assert_eq!(browser.evaluate(&shown), all);
    browser.evaluate(&format!("{figure}.querySelector('button.sort').focus()"));
    let order = format!("{figure}.querySelector('th[aria-sort]').getAttribute('aria-sort')");
    let cells = format!(
        "[...{figure}.tBodies ?? {figure}.querySelectorAll('tbody')].map(body => [...body.rows]
            .filter(row => !row.classList.contains('group')).map(row => row.cells[0].textContent.trim()))"
    );
    browser.press("Enter");
    assert_eq!(browser.evaluate(&order), "ascending");
    let up = browser.evaluate(&cells);
    browser.press("Enter");
    assert_eq!(browser.evaluate(&order), "descending");
    let mut down = browser.evaluate(&cells);
    assert_ne!(up, down);
    down.as_array_mut().unwrap().iter_mut().for_each(|body| body.as_array_mut().unwrap().reverse());
    assert_eq!(up, down);
    let focused = browser.evaluate("document.activeElement.className");
    assert_eq!(focused, "sort", "the focus stays where it was");
}

fn copies(browser: &mut Browser) {
    let permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"];
    browser.call("Browser.grantPermissions", json!({"permissions": permissions}));
    browser.evaluate("document.querySelector('h2 a.anchor').focus()");
    let link = browser.evaluate("document.activeElement.href");
    browser.press("Enter");
    browser.until("document.querySelector('a.anchor.copied') !== null");
    assert_eq!(browser.evaluate("navigator.clipboard.readText()"), link);
    assert_eq!(browser.evaluate("location.href"), link, "and the address bar has it");
}

fn folds(browser: &mut Browser) {
    browser.evaluate("document.querySelector('.fold[aria-expanded=\"false\"]').focus()");
    browser.press("Enter");
    assert_eq!(browser.evaluate("document.activeElement.getAttribute('aria-expanded')"), "true");
    let below = "document.activeElement.parentElement.querySelector('ul a').offsetHeight > 0";
    assert_eq!(browser.evaluate(below), true);
    // On a narrow screen the contents open over the page, and give the focus back.
    browser.view(View::NARROW);
    browser.evaluate("document.querySelector('.toggle-contents').focus()");
    browser.press("Enter");
    assert_eq!(browser.evaluate("document.querySelector('.contents').offsetHeight > 100"), true);
    browser.press("Tab");
    browser.evaluate("document.querySelector('.contents a').focus()");
    browser.press("Escape");
    assert_eq!(browser.evaluate("document.activeElement.getAttribute('aria-expanded')"), "false");
    browser.view(View::WIDE);
}

#[test]
fn nothing_moves_for_readers_who_want_no_motion() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = build(folder.path(), &["scope"]);
    let behaviour = "getComputedStyle(document.documentElement).scrollBehavior";
    let moving = "[...document.querySelectorAll('*')].filter(element => {
        const style = getComputedStyle(element);
        return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0;
    }).length";
    browser.view(View::WIDE);
    browser.open(&root.join("scope.html"));
    assert_eq!(browser.evaluate(behaviour), "smooth");
    browser.view(View { still: true, ..View::WIDE });
    assert_eq!(browser.evaluate(behaviour), "auto");
    assert_eq!(browser.evaluate(moving), 0);
}

#[test]
fn paper_shows_all_that_the_screen_can_show() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = build(folder.path(), &["scope", "audit-pack"]);
    for page in ["scope.html", "audit-pack.html"] {
        browser.view(View { print: true, ..View::WIDE });
        browser.open(&root.join(page));
        let chrome = browser.evaluate(
            "[...document.querySelectorAll('.top, .contents, .skip, .neighbours, .formats, .filter, .sort, a.anchor, .more')]
                .filter(element => element.checkVisibility()).length",
        );
        assert_eq!(chrome, 0, "{page}");
        let hidden = browser.evaluate(
            "[...document.querySelectorAll('main :is(p, h2, h3, h4, li, td, th, dd, dt, text)')].filter(element =>
                !element.checkVisibility({contentVisibilityAuto: true}) && element.textContent.trim()
                && !element.closest('.formats, figcaption details, .more')).map(element => element.outerHTML.slice(0, 120))",
        );
        assert_eq!(hidden, json!([]), "{page}");
        let cut = browser.evaluate(
            "[...document.querySelectorAll('.scroll, pre')].filter(element => getComputedStyle(element).overflow !== 'visible')
                .length",
        );
        assert_eq!(cut, 0, "{page}");
    }
}
