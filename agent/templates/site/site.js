// Keys for people who work through a list: all of it can be done without, by links and forms.
(() => {
  "use strict";
  document.documentElement.classList.add("keyed");
  const dialog = document.getElementById("keys");
  const toggle = document.getElementById("keys-on");
  if (!dialog || !toggle) return;
  const store = (() => {
    try { return window.localStorage; } catch { return null; }
  })();
  const isOn = () => !store || store.getItem("keys") !== "off";
  toggle.checked = isOn();
  toggle.addEventListener("change", () => {
    if (store) store.setItem("keys", toggle.checked ? "on" : "off");
  });

  const rows = () => [...document.querySelectorAll("a.row")];
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement.closest("tr")?.querySelector("a.row"));
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  };
  const open = (id) => {
    const panel = document.getElementById(id);
    if (!panel) return;
    panel.open = true;
    panel.querySelector("select, input:not([type=hidden]), textarea")?.focus();
  };
  const places = { q: "/queue", s: "/systems", a: "/audit", o: "/" };
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    x: () => document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
    "/": () => document.getElementById("q")?.focus(),
    "?": () => dialog.showModal(),
    c: () => open("confirm"),
    r: () => open("reject"),
    d: () => open("defer"),
    a: () => document.querySelector("#take button")?.click(),
  };
  let going = 0;
  document.addEventListener("keydown", (event) => {
    const from = event.target;
    if (event.key === "Escape" && from.matches("input, select, textarea")) { from.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (from.matches("input:not([type=checkbox]), select, textarea")) return;
    if (event.key !== "?" && !isOn()) return;
    if (going && event.timeStamp - going < 1500 && places[event.key]) {
      window.location.assign(places[event.key]);
      return;
    }
    going = event.key === "g" ? event.timeStamp : 0;
    const does = keys[event.key];
    if (does) { event.preventDefault(); does(); }
  });

  // A link to a criterion opens it.
  const shown = () => {
    const at = document.getElementById(window.location.hash.slice(1));
    if (at instanceof HTMLDetailsElement) at.open = true;
  };
  window.addEventListener("hashchange", shown);
  shown();
})();
