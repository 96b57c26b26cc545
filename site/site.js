// Comfort on top of complete pages: contents that follow, links to copy, tables to filter and sort, search, theme.
// A classic script, because modules and fetch do not work from a folder.
(function () {
  "use strict";
  var root = document.documentElement;
  var base = root.getAttribute("data-root") || "";

  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) element.className = className;
    if (text) element.textContent = text;
    return element;
  }
  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }
  // Words come from words.js, in the language of the site; {name} in them is filled in.
  var catalog = window.scopefenceWords || {};
  function say(key, values) {
    var text = catalog[key] || key;
    return text.replace(/\{([a-z_]+)\}/g, function (hole, name) {
      return values && Object.prototype.hasOwnProperty.call(values, name) ? values[name] : hole;
    });
  }

  // ---- Theme -------------------------------------------------------------------------------------------------------
  function themeButton(tools) {
    var dark = window.matchMedia("(prefers-color-scheme: dark)");
    var button = make("button", "tool");
    var symbol = make("span", "", "◐");
    var word = make("span", "word");
    symbol.setAttribute("aria-hidden", "true");
    button.type = "button";
    button.append(symbol, word);
    function current() {
      return root.getAttribute("data-theme") || (dark.matches ? "dark" : "light");
    }
    function show() {
      var light = current() === "dark";
      symbol.textContent = light ? "○" : "●";
      word.textContent = light ? say("light") : say("dark");
      // Shown as a hint, and the name where there is no room for the word.
      button.title = light ? say("light_theme") : say("dark_theme");
    }
    button.addEventListener("click", function () {
      var next = current() === "dark" ? "light" : "dark";
      root.setAttribute("data-theme", next);
      try { localStorage.setItem("scopefence-theme", next); } catch (_) { /* for this page only */ }
      show();
    });
    dark.addEventListener("change", show);
    show();
    tools.append(button);
  }

  // ---- Contents ----------------------------------------------------------------------------------------------------
  function contents(tools) {
    var nav = document.querySelector(".contents");
    if (!nav) return;
    var toggle = make("button", "tool toggle-contents", say("contents"));
    toggle.type = "button";
    toggle.setAttribute("aria-expanded", "false");
    function open(yes) {
      nav.classList.toggle("open", yes);
      toggle.setAttribute("aria-expanded", String(yes));
    }
    toggle.addEventListener("click", function () { open(!nav.classList.contains("open")); });
    nav.addEventListener("click", function (event) { if (event.target.closest("a")) open(false); });
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape" || !nav.classList.contains("open")) return;
      open(false);
      toggle.focus();
    });
    tools.prepend(toggle);

    all("li", nav).forEach(function (item) {
      if (!item.querySelector(":scope > ul")) return;
      item.classList.add("folds", "shut");
      var fold = make("button", "fold");
      fold.type = "button";
      fold.setAttribute("aria-expanded", "false");
      fold.setAttribute("aria-label", say("sections", { heading: item.querySelector("a").textContent }));
      fold.addEventListener("click", function () { shut(item, !item.classList.contains("shut")); });
      item.querySelector(":scope > a").after(fold);
    });
    function shut(item, yes) {
      item.classList.toggle("shut", yes);
      item.querySelector(":scope > .fold").setAttribute("aria-expanded", String(!yes));
    }

    var links = {};
    all(".tree a", nav).forEach(function (link) { links[decodeURIComponent(link.hash.slice(1))] = link; });
    var headings = all("main :is(h2, h3, h4)[id]").filter(function (heading) { return links[heading.id]; });
    if (!headings.length) return;
    var here = null;
    var opened = [];
    function follow() {
      var line = 120;
      var found = headings[0];
      var low = 0;
      var high = headings.length - 1;
      while (low <= high) {
        var middle = (low + high) >> 1;
        if (headings[middle].getBoundingClientRect().top <= line) { found = headings[middle]; low = middle + 1; }
        else high = middle - 1;
      }
      if (found === here) return;
      if (here) links[here.id].removeAttribute("aria-current");
      here = found;
      var link = links[here.id];
      link.setAttribute("aria-current", "location");
      var path = [];
      for (var item = link.closest("li"); item; item = item.parentElement.closest("li")) {
        if (item.classList.contains("folds")) path.push(item);
      }
      opened.forEach(function (item) { if (path.indexOf(item) < 0) shut(item, true); });
      path.forEach(function (item) { shut(item, false); });
      opened = path;
      var top = link.offsetTop - nav.clientHeight / 2;
      if (link.offsetTop < nav.scrollTop + 40 || link.offsetTop > nav.scrollTop + nav.clientHeight - 80) nav.scrollTop = top;
    }
    var waiting = false;
    addEventListener("scroll", function () {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(function () { waiting = false; follow(); });
    }, { passive: true });
    follow();
  }

  // ---- Links to copy -----------------------------------------------------------------------------------------------
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a.anchor");
    if (!link || !navigator.clipboard) return;
    navigator.clipboard.writeText(link.href).then(function () {
      link.setAttribute("data-copied", say("copied"));
      link.classList.add("copied");
      setTimeout(function () { link.classList.remove("copied"); }, 1600);
    }, function () { /* the address bar has it */ });
  });

  // ---- Tables ------------------------------------------------------------------------------------------------------
  function measure(scroll) {
    var wide = scroll.scrollWidth > scroll.clientWidth + 1;
    if (scroll.classList.contains("fits")) {
      scroll.classList.remove("fits");
      wide = scroll.scrollWidth > scroll.clientWidth + 1;
    }
    var rows = scroll.querySelectorAll("tr").length;
    scroll.classList.toggle("fits", !wide);
    scroll.classList.toggle("long", wide && rows > 25);
    if (wide || scroll.classList.contains("long")) scroll.setAttribute("tabindex", "0");
    else scroll.removeAttribute("tabindex");
    var note = scroll.previousElementSibling;
    if (!note || !note.classList.contains("more")) note = null;
    if (wide && !note) {
      scroll.before(make("p", "more", say("more")));
    } else if (!wide && note) {
      note.remove();
    }
    edge(scroll);
  }
  function edge(scroll) {
    scroll.classList.toggle("cut", scroll.scrollLeft + scroll.clientWidth < scroll.scrollWidth - 2);
  }
  function rooms() {
    var scrolls = all(".scroll");
    scrolls.forEach(function (scroll) {
      scroll.addEventListener("scroll", function () { edge(scroll); }, { passive: true });
      measure(scroll);
    });
    var width = innerWidth;
    var timer = 0;
    addEventListener("resize", function () {
      if (innerWidth === width) return;
      width = innerWidth;
      clearTimeout(timer);
      timer = setTimeout(function () { scrolls.forEach(measure); }, 120);
    });
  }

  function bodyRows(table) {
    return all("tbody > tr:not(.group)", table);
  }
  // Bodies without a row to show go; those of very long tables say for how many rows they need room.
  function reserve(table) {
    var many = table.classList.contains("many");
    Array.prototype.forEach.call(table.tBodies, function (body) {
      var left = body.querySelectorAll("tr:not(.group):not(.gone)").length;
      body.classList.toggle("gone", !left);
      if (many) body.style.setProperty("--rows", left);
    });
  }
  function filterable(figure) {
    var table = figure.querySelector("table");
    var rows = bodyRows(table);
    var texts = null;
    var hidden = [];
    function read() {
      if (!texts) texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
    }
    var bar = make("div", "filter");
    var label = make("label", "", say("filter"));
    var input = make("input");
    var said = make("output");
    input.type = "search";
    input.id = figure.id + "-filter";
    label.htmlFor = input.id;
    said.setAttribute("aria-live", "polite");
    bar.append(label, input, said);
    figure.prepend(bar);
    function apply() {
      read();
      var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      var left = 0;
      rows.forEach(function (row, index) {
        var match = words.every(function (word) { return texts[index].indexOf(word) >= 0; });
        if (!match !== !!hidden[index]) row.classList.toggle("gone", !match);
        hidden[index] = !match;
        if (match) left += 1;
      });
      reserve(table);
      said.textContent = words.length ? say("rows", { n: left, all: rows.length }) : "";
    }
    var timer = 0;
    // The first letter of a long table would else wait until every row is read.
    input.addEventListener("focus", function () { if (rows.length > 500) setTimeout(read); });
    input.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(apply, rows.length > 500 ? 100 : 0); });
    input.addEventListener("keydown", function (event) {
      if (event.key === "Escape" && input.value) { input.value = ""; apply(); event.stopPropagation(); }
    });
  }

  // The bodies of a table, together those that are parts of one.
  function groups(table) {
    var groups = [];
    Array.prototype.forEach.call(table.tBodies, function (body) {
      if (body.classList.contains("part")) groups[groups.length - 1].push(body);
      else groups.push([body]);
    });
    return groups;
  }
  function sortable(figure) {
    var table = figure.querySelector("table");
    var head = table.tHead && table.tHead.rows[table.tHead.rows.length - 1];
    if (!head) return;
    var plain = Array.prototype.every.call(table.tHead.rows, function (row) {
      return Array.prototype.every.call(row.cells, function (cell) { return cell.colSpan === 1 && cell.rowSpan === 1; });
    });
    if (!plain || table.tHead.rows.length > 1) return;
    var collator = new Intl.Collator(root.lang || "en", { numeric: true, sensitivity: "base" });
    Array.prototype.forEach.call(head.cells, function (cell, column) {
      if (cell.tagName !== "TH" || cell.classList.contains("upright") || cell.classList.contains("narrow")) return;
      // The words stay outside of the button: browsers leave buttons out of repeated headers in print.
      var button = make("button", "sort");
      button.type = "button";
      button.setAttribute("aria-label", say("sort", { column: cell.textContent.trim() }));
      cell.append(button);
      cell.addEventListener("click", function (event) { if (event.target === cell) button.click(); });
      button.addEventListener("click", function () {
        var up = cell.getAttribute("aria-sort") !== "ascending";
        Array.prototype.forEach.call(head.cells, function (other) { other.removeAttribute("aria-sort"); });
        cell.setAttribute("aria-sort", up ? "ascending" : "descending");
        groups(table).forEach(function (bodies) {
          var sizes = [];
          var rows = [];
          bodies.forEach(function (body) {
            var own = all("tr:not(.group)", body);
            sizes.push(own.length);
            rows = rows.concat(own);
          });
          var keys = new Map(rows.map(function (row) {
            return [row, row.cells[column] ? row.cells[column].textContent.replace(/^[✓✗▲?●]\s*/, "").trim() : ""];
          }));
          rows.sort(function (a, b) { return collator.compare(keys.get(a), keys.get(b)) * (up ? 1 : -1); });
          bodies.forEach(function (body, index) { body.append.apply(body, rows.splice(0, sizes[index])); });
        });
        if (table.classList.contains("many")) reserve(table);
      });
    });
  }

  // ---- Search ------------------------------------------------------------------------------------------------------
  function search(tools) {
    var button = make("button", "tool");
    var word = make("span", "", say("search"));
    button.type = "button";
    var key = make("kbd", "", "/");
    key.setAttribute("aria-hidden", "true");
    button.append(word, key);
    button.title = say("search_all");
    button.setAttribute("aria-keyshortcuts", "/");
    tools.prepend(button);
    var SHOWN = 40;
    var dialog = null;
    var index = null;

    function counted(n) {
      if (!n) return say("nothing");
      if (n > SHOWN) return say("places_first", { n: n, shown: SHOWN });
      return n === 1 ? say("places.one", { n: n }) : say("places.other", { n: n });
    }

    function load(done) {
      if (index) return done();
      var script = document.createElement("script");
      script.src = base + "assets/search-index.js";
      script.addEventListener("load", function () {
        index = [];
        (window.scopefenceIndex || []).forEach(function (page) {
          page[2].forEach(function (entry) {
            index.push({ href: base + page[0] + ".html" + (entry[0] ? "#" + encodeURIComponent(entry[0]) : ""), text: entry[1],
              where: page[1] + (entry[2] ? " › " + entry[2] : ""), heading: !!entry[3], lower: entry[1].toLowerCase() });
          });
        });
        done();
      });
      document.head.append(script);
    }
    function build() {
      dialog = make("dialog", "search");
      dialog.setAttribute("aria-label", say("search_all"));
      var bar = make("form");
      var input = make("input");
      var close = make("button", "tool", say("close"));
      var said = make("p", "said", say("search_hint"));
      var list = make("ol");
      bar.method = "dialog";
      input.type = "search";
      input.setAttribute("aria-label", say("search_for"));
      said.setAttribute("aria-live", "polite");
      close.type = "button";
      close.addEventListener("click", function () { dialog.close(); });
      bar.addEventListener("submit", function (event) {
        event.preventDefault();
        var first = list.querySelector("a");
        if (first) first.click();
      });
      bar.append(input, close);
      dialog.append(bar, said, list);
      document.body.append(dialog);
      function find() {
        var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        list.textContent = "";
        said.hidden = false;
        if (!index || !words.length) { said.textContent = say("search_hint"); return; }
        var hits = index.filter(function (entry) {
          return words.every(function (word) { return entry.lower.indexOf(word) >= 0; });
        });
        hits.forEach(function (hit) {
          hit.rank = (hit.heading ? 0 : 4) + (hit.lower.indexOf(words[0]) === 0 ? 0 : 2) + Math.min(hit.lower.length, 200) / 200;
        });
        hits.sort(function (a, b) { return a.rank - b.rank; });
        said.textContent = counted(hits.length);
        hits.slice(0, SHOWN).forEach(function (hit) {
          var item = make("li");
          var link = make("a", "", hit.text);
          link.href = hit.href;
          link.append(make("small", "", hit.where));
          link.addEventListener("click", function () { dialog.close(); });
          item.append(link);
          list.append(item);
        });
      }
      input.addEventListener("input", find);
      dialog.addEventListener("keydown", function (event) {
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
        var links = all("a", list);
        var at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
        (at < 0 ? input : links[Math.min(at, links.length - 1)] || input).focus();
        event.preventDefault();
      });
      dialog.refresh = find;
    }
    function show() {
      if (!dialog) build();
      if (!dialog.open) dialog.showModal();
      load(function () { dialog.refresh(); });
    }
    button.addEventListener("click", show);
    document.addEventListener("keydown", function (event) {
      var typing = /^(input|textarea|select)$/i.test(event.target.tagName || "");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); show(); }
    });
  }

  var tools = document.querySelector(".tools");
  if (tools) { search(tools); themeButton(tools); contents(tools); }
  all("[data-filter]").forEach(filterable);
  all("[data-sort]").forEach(sortable);
  rooms();
})();
