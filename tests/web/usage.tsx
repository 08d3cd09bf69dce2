// What a TypeScript program may write in JSX with the elements, and what the types keep it from writing; package.test.js checks it.

import { useRef, useState } from "react";
import type { Bahn, Job } from "taskbahn";
import type { JobProgress } from "taskbahn/elements.js";
import type {} from "taskbahn/jsx";

export function Upload({ bahn, job }: { bahn: Bahn; job: Job<string> | null }) {
  const bar = useRef<JobProgress>(null);
  const [made, setMade] = useState("");
  return (
    <>
      <task-form task="images.thumbnail" htmlFor="bar log" bahn={bahn} values={{ width: 64 }} options={{ queue: "slow" }} onjob={({ detail }) => setMade(detail.id)} />
      <job-progress ref={bar} id="bar" className="wide" job={job} cancellable label="Upload" onprogress={({ detail }) => setMade(`${detail.fraction}`)} ondone={({ detail: { result } }) => setMade(result)} />
      <job-log id="log" job={job?.id} level="warning" url="ws://127.0.0.1:8080/ws" style={{ margin: 0 }} />
      <job-question job={job} who="ada" onanswered={({ detail: { name } }) => setMade(name)} />
      <job-result job={job} traceback onfailed={({ detail: { error } }) => setMade(error?.message ?? "")} key={made} />
      {/* @ts-expect-error: there is no such attribute */}
      <job-progress jobb="0199" />
      {/* @ts-expect-error: there is no such level */}
      <job-log level="loud" />
      {/* @ts-expect-error: this is no event of a result */}
      <job-result onanswered={() => setMade("")} />
    </>
  );
}
