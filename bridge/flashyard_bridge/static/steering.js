// From a button to the bridge and back: what it answers is noted on the job, and told.

import { Refused } from "/static/bridge.js";

const RUNS = "What is on the device then may not start.";

export class Steering {
  #bridge;
  #jobs;
  #told;
  #sure;
  #answer;

  /**
   * @param {import("./bridge.js").Bridge} bridge
   * @param {import("./jobs.js").Jobs} jobs
   * @param {(job: object, words: string) => void} told gets each job that was asked about
   * @param {HTMLDialogElement} sure asks whether a running job is to be cancelled
   */
  constructor(bridge, jobs, told, sure) {
    this.#bridge = bridge;
    this.#jobs = jobs;
    this.#told = told;
    this.#sure = sure;
  }

  /** Do what a button of a job's card says. */
  async want(act, jobId) {
    const job = this.#jobs.all.get(jobId);
    if (!job || (act === "cancel" && !(await this.#isSure(job)))) return;
    try {
      const facts = await this.#ask(act, job);
      const words = facts.words ?? "";
      delete facts.words;
      this.#tell(jobId, { ...facts, answer: undefined }, words);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#tell(jobId, { answer: error.message }, error.message);
    }
  }

  async #ask(act, { jobId, priority }) {
    if (act === "sooner" || act === "later") {
      const record = await this.#bridge.rank(jobId, priority + (act === "sooner" ? 1 : -1));
      return { priority: record.priority, words: `priority ${record.priority}` };
    }
    const { requested, jobId: newId } = await this.#bridge.steer(jobId, act);
    if (act === "retry") return { retriedAs: newId, words: "is started once more" };
    return { requested, words: requested ? `${requested} requested` : "" };
  }

  #tell(jobId, facts, words) {
    const job = this.#jobs.note(jobId, facts);
    if (job) this.#told(job, words);
  }

  /** Ask, where bytes are on their way. */
  async #isSure(job) {
    if (job.status !== "running") return true;
    await this.#answer; // the last question's end may be under way still, and is not this one's
    const name = job.deviceName || job.deviceId;
    this.#sure.querySelector("p").textContent = `Cancel flashing ${name}? ${RUNS}`;
    this.#sure.returnValue = "no";
    this.#sure.showModal();
    this.#answer = new Promise((done) => {
      const answer = () => done(this.#sure.returnValue === "yes");
      this.#sure.addEventListener("close", answer, { once: true });
    });
    return this.#answer;
  }
}
