// Files for the next message, read by the server one after the other.

import {ApiError, postFile} from "./api.js";
import {announce, byId, notice} from "./dom.js";
import {fileView} from "./message.js";

export class Files {
  constructor(changed) {
    this.taken = [];
    this.reading = 0;
    this.changed = changed;
    this.queue = Promise.resolve();
    const over = on => document.body.classList.toggle("dropping", on);
    const hasFiles = event => event.dataTransfer?.types.includes("Files");
    addEventListener("dragover", event => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      over(true);
    });
    addEventListener("dragleave", event => { if (!event.relatedTarget) over(false); });
    addEventListener("drop", event => {
      over(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
    byId("attach").addEventListener("click", () => byId("file").click());
    byId("file").addEventListener("change", () => {
      this.add(byId("file").files);
      byId("file").value = "";
    });
    byId("text").addEventListener("paste", event => {
      if (event.clipboardData.files.length) {
        event.preventDefault();
        this.add(event.clipboardData.files);
      }
    });
  }

  add(files) {
    for (const file of files) this.queue = this.queue.then(() => this.read(file));
    return this.queue;
  }

  async read(file) {
    ++this.reading;
    this.show(`Reading ${file.name} …`);
    try {
      const {text, format = "", taken = "", notes = []} = await postFile(`ingest?name=${encodeURIComponent(file.name)}`, file);
      if (typeof text !== "string") throw new ApiError("the server's answer has no text");
      this.taken.push({name: file.name, format, taken, notes, text});
      announce(`${file.name} was read.`);
    } catch (error) {
      const off = error.status === 404 || error.status === 501 || error.status === 403;
      const why = off ? `Uploads are off on this server, so ${file.name} was not read.` : `${file.name} was not read.`;
      notice(error.status === 404 ? why : `${why} ${error.message}`, {kind: "error"});
    }
    --this.reading;
    this.show();
  }

  show(status = "") {
    byId("chips").replaceChildren(...this.taken.map(file => fileView(file, () => {
      this.taken = this.taken.filter(each => each !== file);
      this.show();
      byId("text").focus();
    })));
    byId("reading").textContent = this.reading ? status : "";
    this.changed();
  }

  take() {
    const files = this.taken;
    this.taken = [];
    this.show();
    return files;
  }
}
