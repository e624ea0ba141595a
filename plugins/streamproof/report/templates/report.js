"use strict";
// Search and filter of the checks. Without it, every check is still there.
(() => {
  const box = document.querySelector(".filter");
  const find = document.getElementById("find");
  const status = document.getElementById("status");
  const shown = document.getElementById("shown");
  const suites = [...document.querySelectorAll("details.suite, details.suite details.more")];
  const checks = [...document.querySelectorAll("details.check")];
  const wasOpen = new Map(suites.map((suite) => [suite, suite.open]));
  const texts = new Map(
    checks.map((check) => {
      const meaning = check.querySelector(".meaning");
      const file = check.querySelector("p.muted");
      const parts = [check.querySelector("summary"), meaning, file];
      return [check, parts.map((part) => (part ? part.textContent : "")).join(" ").toLowerCase()];
    })
  );
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const asked = words.length > 0 || status.value !== "";
    let number = 0;
    for (const check of checks) {
      const fits =
        (status.value === "" || check.dataset.status === status.value) &&
        words.every((word) => texts.get(check).includes(word));
      check.hidden = !fits;
      number += fits ? 1 : 0;
    }
    for (const suite of suites) {
      const some = suite.querySelector("details.check:not([hidden])") !== null;
      suite.hidden = !some;
      suite.open = asked ? some : wasOpen.get(suite);
    }
    shown.textContent = `${number} of ${checks.length} checks`;
  };
  box.hidden = false;
  find.addEventListener("input", filter);
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      find.value = "";
      filter();
    }
  });
  status.addEventListener("change", filter);
  filter();
})();
