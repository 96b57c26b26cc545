// Follows the workspace: loads the page anew when it changed, and lists what is wrong with it meanwhile.
(function () {
  "use strict";
  var meta = document.querySelector('meta[name="scopefence-live"]');
  var box = document.getElementById("live");
  if (!meta || !box || !window.EventSource) return;
  var status = box.querySelector("[role=status]");
  var list = box.querySelector(".live-list");
  var place = "scopefence-place:" + location.pathname;
  var source = null;
  var silence = 0;
  var lost = false;

  function keepPlace() {
    try { sessionStorage.setItem(place, JSON.stringify([window.scrollX, window.scrollY])); } catch (_) { /* the browser's own */ }
  }
  function takePlace() {
    var kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(place));
      sessionStorage.removeItem(place);
    } catch (_) { /* stays at the top */ }
    if (!Array.isArray(kept)) return;
    // Once more after the page's own script has folded its tables.
    var back = function () { window.scrollTo({ left: kept[0], top: kept[1], behavior: "instant" }); };
    back();
    window.addEventListener("load", function () { requestAnimationFrame(back); });
  }

  function say(text) {
    if (status.textContent !== text) status.textContent = text;
  }
  function heard(message) {
    var state = JSON.parse(message.data);
    found();
    if (state.mark !== meta.content) {
      close();
      keepPlace();
      location.reload();
      return;
    }
    // Made by the server, which escapes all text in it; the policy of the page runs no script from here.
    if (list.getAttribute("data-shown") !== state.html && !box.hasAttribute("data-fixed")) {
      list.innerHTML = state.html;
      list.setAttribute("data-shown", state.html);
    }
    say(state.status);
  }
  function found() {
    clearTimeout(silence);
    if (lost) {
      lost = false;
      list.innerHTML = "";
      list.removeAttribute("data-shown");
    }
  }
  function missed() {
    clearTimeout(silence);
    silence = setTimeout(function () {
      lost = true;
      list.innerHTML = '<p class="live-panel quiet lost">Not connected: this page does not follow changes.</p>';
      list.removeAttribute("data-shown");
      say("Not connected: this page does not follow changes.");
    }, 1500);
    // A browser gives up for good when the answer is not a stream.
    if (source && source.readyState === 2) {
      close();
      setTimeout(open, 2000);
    }
  }
  // Browsers keep at most six connections to one address: a page that nobody sees gives its own back.
  function open() {
    if (source || document.hidden) return;
    source = new EventSource("/-/events");
    source.onmessage = heard;
    source.onerror = missed;
  }
  function close() {
    clearTimeout(silence);
    if (source) source.close();
    source = null;
  }

  takePlace();
  open();
  document.addEventListener("visibilitychange", function () { if (document.hidden) close(); else open(); });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
})();
