// What `keras_attn.recommend` says, from the same law: LAW is written by docs/build.py.
// A test compares both answers.

function recommend(law, samples, granularity, priority, task) {
  if (!Number.isSafeInteger(samples) || samples < 1) {
    throw new RangeError("The number of training images is a whole number from 1.");
  }
  const regime = law.regimes.find((each) => each.last === null || samples <= each.last);
  const claims = granularity === "fine" ? [law.fine, regime] : [regime];
  // An identity path comes first for stability, and last of the alternatives otherwise.
  if (priority === "stability") claims.unshift(law.residual);
  else claims.push(law.residual);
  const topologies = claims.flatMap((claim) => claim.topologies);
  if (priority === "parameters") {
    topologies.sort((a, b) => law.layers[a].parameters - law.layers[b].parameters);
  }
  const [topology, ...alternatives] = topologies;
  const chosen = claims.find((claim) => claim.topologies.includes(topology));
  return {
    topology,
    alternatives,
    regime: regime.name,
    reasons: reasons(law, samples, regime, chosen, priority, task),
    evidence: [law.evidence, law.replication[chosen.name], law.tasks[task].ownResults].filter(Boolean),
    grade: law.grades[chosen.name],
    judge_by: law.tasks[task].judgeBy,
  };
}

function reasons(law, samples, regime, chosen, priority, task) {
  const grouped = (number) => number.toLocaleString("en-GB");
  const end = regime.last === null ? "" : ` to ${grouped(regime.last)}`;
  const found = [
    `${grouped(samples)} training samples are in the ${regime.name} regime ` +
      `(from ${grouped(regime.first)}${end})`,
    `${law.source}: “${chosen.sentence}”. ${chosen.reading}`,
  ];
  if (priority === "parameters") {
    found.push("of all topologies that the claims name for this case, it has the fewest parameters");
  }
  if (law.tasks[task].caution !== null) found.push(law.tasks[task].caution);
  return found;
}
