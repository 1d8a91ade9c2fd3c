// The batches under way, asked for now and then: a bar and counts each, and what can be asked of it.
// One that this page saw running stays until the page is loaded again, so that its end is seen.

const EVERY = 2_000; // ms
const RARELY = 6_000; // where none runs
const COUNTS = ["running", "starting", "waiting", "completed", "failed", "cancelled", "skipped"];
const OPEN = new Set(["running", "paused"]);
const MOST_ENDED = 5;

/**
 * Keep a list of them.
 * @param {HTMLElement} box hidden while there is nothing to show
 * @param {HTMLTemplateElement} template of one
 * @param {Record<string, string>} headers that let us in
 */
export function follow(box, template, headers) {
  const shown = new Map(); // id: batch, the newest last

  async function get(path) {
    const reply = await fetch(path, { headers });
    if (!reply.ok) throw new Error(`${path}: ${reply.status}`);
    return reply.json();
  }

  async function look() {
    const { batches } = await get("/api/flash/batches?status=active&limit=50");
    const active = new Map(batches.map((batch) => [batch.batchId, batch]));
    for (const [id, { status }] of shown) {
      if (OPEN.has(status) && !active.has(id)) {
        shown.set(id, (await get(`/api/flash/batch/${encodeURIComponent(id)}`)).batch);
      }
    }
    for (const batch of batches.toReversed()) shown.set(batch.batchId, batch);
    const ended = [...shown.values()].filter(({ status }) => !OPEN.has(status));
    for (const { batchId } of ended.slice(0, -MOST_ENDED)) shown.delete(batchId);
    show(box, template, [...shown.values()], tell);
  }

  async function tell(verb, { batchId, name }) {
    const sure = verb !== "cancel" || confirm(`Cancel the batch ${name || batchId}?`);
    if (!sure) return;
    await fetch(`/api/flash/batch/${encodeURIComponent(batchId)}/${verb}`, {
      method: "POST",
      headers,
    });
    await look();
  }

  async function again() {
    if (!document.hidden) await look().catch(console.warn);
    const runs = [...shown.values()].some(({ status }) => OPEN.has(status));
    setTimeout(again, runs ? EVERY : RARELY);
  }
  again();
}

function show(box, template, batches, tell) {
  box.hidden = batches.length === 0;
  const list = box.querySelector("ul");
  const known = new Map([...list.children].map((line) => [line.dataset.id, line]));
  for (const batch of batches) {
    const line = known.get(batch.batchId) ?? made(list, template, batch.batchId, tell);
    known.delete(batch.batchId);
    update(line, batch);
  }
  for (const gone of known.values()) gone.remove();
}

function made(list, template, id, tell) {
  const line = template.content.firstElementChild.cloneNode(true);
  line.dataset.id = id;
  for (const button of line.querySelectorAll("button")) {
    button.addEventListener("click", () => tell(button.value, line.batch).catch(console.warn));
  }
  return list.appendChild(line);
}

function update(line, batch) {
  line.batch = batch;
  const { name, batchId, status, requested, stoppedBecause, progress, counts, total, slow } = batch;
  const state = requested ? "cancelling" : stoppedBecause && status === "running" ? "stopping" : status;
  const told = COUNTS.filter((word) => counts[word]).map((word) => `${counts[word]} ${word}`);
  if (slow) told.push(`${slow} much slower than the others`);
  const text = [name || batchId, state, `${total} devices`, ...told, stoppedBecause];
  put(line.querySelector(".words"), text.filter(Boolean).join(" · "));
  const bar = line.querySelector("progress");
  bar.value = progress;
  bar.setAttribute("aria-label", `Batch ${name || batchId}`);
  put(line.querySelector(".percent"), `${progress.toFixed(1)} %`);
  line.dataset.state = status;
  const steerable = OPEN.has(status) && state !== "cancelling" && state !== "stopping";
  line.querySelector('[value="pause"]').hidden = !steerable || status === "paused";
  line.querySelector('[value="resume"]').hidden = !steerable || status !== "paused";
  line.querySelector('[value="cancel"]').hidden = !OPEN.has(status) || Boolean(requested);
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
