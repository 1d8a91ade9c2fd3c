// The page: the feed's messages become jobs, the jobs cards, their number the first line.

import { follow as followBatches } from "/static/batches.js";
import { Cards } from "/static/cards.js";
import { follow } from "/static/feed.js";
import { Jobs } from "/static/jobs.js";
import { follow as followOrders } from "/static/standing.js";

const REPLAY = 2_000; // ms after a connection in which the bridge tells what runs
const ORDER = ["running", "queued", "paused", "failed", "cancelled", "completed"];

const at = (id) => document.getElementById(id);
// Behind the `#` it never leaves the browser but in the places meant for it.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const jobs = new Jobs();
const cards = new Cards(at("cards"));

function address() {
  const url = new URL("/ws/flash-progress", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (token) url.searchParams.set("token", token);
  return url.href;
}

function summarise() {
  const counts = jobs.count();
  const parts = ORDER.filter((status) => counts[status]).map((s) => `${counts[s]} ${s}`);
  const text = parts.join(" · ") || "No jobs";
  at("summary").textContent = text;
  document.title = `${text} – flashyard`;
  at("empty").hidden = parts.length > 0;
  at("clear").hidden = !(counts.completed || counts.failed || counts.cancelled);
}

function announce({ type, error }, job) {
  const name = job.deviceName || job.deviceId;
  if (type === "flash_started") at("news").textContent = `${name} started`;
  if (type === "flash_completed") at("news").textContent = `${name} completed`;
  if (type === "flash_failed") at("news").textContent = `${name} ended: ${error}`;
}

/** Ask what became of the jobs that the bridge did not tell of again. */
async function catchUp() {
  for (const job of jobs.old) {
    const reply = await fetch(`/api/flash/job/${encodeURIComponent(job.jobId)}`, { headers });
    if (reply.ok) jobs.settle(job, (await reply.json()).job);
    cards.show(job);
  }
  summarise();
}

follow(address(), {
  message(message) {
    const job = jobs.fold(message);
    if (!job) return;
    cards.show(job);
    cards.keep(jobs.all);
    announce(message, job);
    if (message.type !== "flash_progress") summarise();
  },
  state({ open, retryIn, refused }) {
    const banner = at("banner");
    banner.hidden = open;
    if (open) {
      setTimeout(() => catchUp().catch(console.warn), REPLAY);
    } else {
      jobs.age().forEach((job) => cards.show(job));
      banner.textContent = refused
        ? "This bridge needs a token: add #token=… to this page's address and reload."
        : `Not connected. Next try in ${Math.ceil(retryIn)} s.`;
    }
    summarise();
  },
});

followOrders(at("standing"), headers);
followBatches(at("batches"), at("batch"), headers);

at("origin").textContent = location.origin;
at("clear").addEventListener("click", () => {
  jobs.clear();
  cards.keep(jobs.all);
  summarise();
});
