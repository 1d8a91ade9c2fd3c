// What can be done with a job now, and how its buttons say it. Nothing is shown before it happened.

const ENDED = new Set(["completed", "failed", "cancelled"]);
// From here the device is being told to use what was written: no way back.
const TOO_LATE = new Set(["activating", "finishing", "rolling_back"]);
const ASKED = {
  cancel: "Cancelling at the next safe point",
  pause: "Pausing at the next safe point",
  resume: "Going on as soon as it can",
};

/** Does it wait for its turn, on hold or not? */
export const waits = (job) => job.status === "queued" || Boolean(job.held);

/** What was asked of it that has not happened, for people. */
export const asked = (job) => ASKED[job.requested];

/**
 * Set a card's buttons; one that had the focus hands it on rather than lose it.
 * @param {HTMLElement} node with `button[data-act]`s
 * @param {object} job
 */
export function patch(node, job) {
  const { status, requested, priority } = job;
  const ended = ENDED.has(status);
  const stuck = job.old || TOO_LATE.has(job.phase) || requested === "cancel";
  const resumes = status === "paused" || requested === "pause";
  const moves = waits(job) && priority !== undefined;
  const hadFocus = node.contains(document.activeElement);
  const toggle = node.querySelector('[data-act="pause"], [data-act="resume"]');
  toggle.dataset.act = resumes ? "resume" : "pause";

  const set = (act, text, hidden, disabled) => {
    const button = node.querySelector(`[data-act="${act}"]`);
    if (button.textContent !== text) button.textContent = text;
    const what = [job.deviceName || job.deviceId, job.partition].filter(Boolean).join(", ");
    button.setAttribute("aria-label", `${text} ${what}`);
    button.setAttribute("aria-disabled", String(disabled)); // `disabled` would drop the focus
    button.hidden = hidden;
  };
  set(toggle.dataset.act, resumes ? "Resume" : "Pause", ended, stuck || requested === "resume");
  set("cancel", "Cancel", ended, stuck);
  set("sooner", "Sooner", !moves, stuck || priority >= 9);
  set("later", "Later", !moves, stuck || priority <= 0);
  set("retry", "Retry", status !== "failed" && status !== "cancelled", Boolean(job.retriedAs));
  const focused = document.activeElement;
  if (hadFocus && (focused.hidden || !node.contains(focused))) {
    node.querySelector("button:not([hidden])")?.focus();
  }
}
