// The page is whole without this script. It asks for it again and takes over what has changed, opens cards, and switches
// between light and dark.
const root = document.documentElement;
const $ = (id) => document.getElementById(id);

// Theme: as the system has it, or as chosen.
const themes = ["auto", "light", "dark"];
const remember = (what) => {
  try {
    return what === undefined ? localStorage.getItem("gopeln-theme") : localStorage.setItem("gopeln-theme", what);
  } catch {
    return null; // a page in a file may have no storage
  }
};
const setTheme = (name) => {
  root.dataset.theme = name;
  $("theme").textContent = "Theme: " + name;
};
setTheme(themes.includes(remember()) ? remember() : "auto");
$("theme").hidden = false;
$("theme").onclick = () => {
  const next = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
  setTheme(next);
  remember(next);
};

// Cards: a row or box opens its own.
const open = (from) => {
  const card = from && $(from.dataset.card);
  if (card) {
    card.open = true;
    card.scrollIntoView({ block: "nearest" });
  }
};
document.addEventListener("click", (e) => {
  const from = e.target.closest("[data-card]");
  if (from && getSelection().isCollapsed) {
    e.preventDefault(); // of the link in a row
    open(from);
  }
});
document.addEventListener("keydown", (e) => {
  if ((e.key === "Enter" || (e.key === " " && e.target.matches("g"))) && e.target.matches("[data-card]")) {
    e.preventDefault();
    open(e.target);
  }
});

// morph makes a node like another one, and keeps all that is alike: so the focus stays, and what is selected, and how far
// things are scrolled. Whether a card is open is the reader's.
const morph = (old, now) => {
  if (old.nodeName !== now.nodeName) {
    old.replaceWith(now);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== now.data) old.data = now.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of now.attributes) {
    if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  }
  const have = [...old.childNodes];
  const want = [...now.childNodes];
  want.forEach((node, i) => (have[i] ? morph(have[i], node) : old.append(node)));
  have.slice(want.length).forEach((node) => node.remove());
};

// Polling. A reader who looks away costs nothing.
const every = Number(document.body.dataset.refresh);
const patience = 2000; // without an answer, before the connection counts as lost
const longest = 5000; // between two attempts to get it back
let main = document.querySelector("main");
let heard = Date.now();
let wait = every;
let paused = false;
let timer;

const address = () => {
  const at = new URLSearchParams(location.search);
  if (main.dataset.run) at.set("run", main.dataset.run);
  at.set("page", "");
  return "json?" + at;
};

const poll = async () => {
  clearTimeout(timer);
  if (paused || document.hidden || "ended" in main.dataset) return;
  try {
    const limit = AbortSignal.timeout(Math.max(2000, every));
    const reply = await fetch(address(), { signal: limit, cache: "no-store" });
    if (!reply.ok && reply.status !== 404) throw new Error(reply.status);
    show(await reply.json());
    heard = Date.now();
    wait = every;
    $("lost").textContent = "";
  } catch {
    if (Date.now() - heard >= patience) {
      $("lost").textContent = $("lost").dataset.text;
      wait = Math.min(2 * wait, Math.max(longest, every));
    }
  }
  clearTimeout(timer);
  timer = setTimeout(poll, wait);
};

const show = ({ html, snap }) => {
  if (paused) return;
  const now = new DOMParser().parseFromString(html, "text/html").querySelector("main");
  morph(main, now);
  main = document.querySelector("main");
  $("snap").textContent = snap;
  $("save").hidden = !main.dataset.run;
  $("save").href = "?save&run=" + (main.dataset.run ?? "");
  if (document.title !== main.dataset.title) document.title = main.dataset.title;
};

if (every > 0) {
  const pause = $("pause");
  pause.hidden = false;
  pause.onclick = () => {
    paused = !paused;
    pause.textContent = paused ? "Resume" : "Pause";
    pause.setAttribute("aria-pressed", paused);
    poll();
  };
  document.addEventListener("visibilitychange", poll);
  timer = setTimeout(poll, wait);
}
