// What only REST tells of jobs: their place, why they wait, what was asked. Read when it may be new.

const REST = 1_000; // ms between two readings

export class Records {
  #bridge;
  #told;
  #timer = null;

  /**
   * @param {import("./bridge.js").Bridge} bridge
   * @param {(job: object) => void} told gets each active job's record
   */
  constructor(bridge, told) {
    this.#bridge = bridge;
    this.#told = told;
  }

  /** Something may have changed: read soon, once, however often this is said. */
  stale() {
    this.#timer ??= setTimeout(() => this.#read().catch(console.warn), REST);
  }

  async #read() {
    this.#timer = null;
    const { jobs } = await this.#bridge.get("/api/flash/jobs");
    jobs.forEach(this.#told);
  }
}
