// Watches a run that is under way: moves the row of agents, and loads the
// page's content again when an agent has handed on. Without it the page is the
// same, only still.
const main = document.querySelector("main[data-live]");
if (main) watch(main.dataset.live);

function watch(run) {
  let stage = Number(main.dataset.stage);
  const source = new EventSource(`/runs/${run}/events`);
  source.onmessage = async ({ data }) => {
    const now = JSON.parse(data);
    const ended = now.status !== "running";
    if (ended) source.close();
    if (now.stage !== stage || ended) {
      stage = now.stage;
      await renew();
    }
    now.agents.forEach((agent, i) => {
      const item = document.querySelectorAll(".agent")[i];
      if (!item) return;
      if (agent.status === "running") item.className = "agent running";
      const said = item.querySelector(".said");
      if (agent.said && said.textContent !== agent.said) said.textContent = agent.said;
    });
  };
}

async function renew() {
  const answer = await fetch(location.pathname);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = [...main.querySelectorAll("details")].map((d) => d.open);
  main.replaceChildren(...page.querySelector("main").childNodes);
  main.querySelectorAll("details").forEach((d, i) => (d.open = open[i] ?? false));
}
