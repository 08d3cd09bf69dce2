/**
 * a job, or several as one
 */
export type GraphNode = {
    /**
     * of several, of the first
     */
    id: string;
    task: string;
    state: import("./wire.js").State;
    kind?: "task" | "chain" | "group" | undefined;
    /**
     * its name in the flow
     */
    label?: string | undefined;
    /**
     * what people call it
     */
    title?: string | undefined;
    created_at?: number | undefined;
    started_at?: number | undefined;
    finished_at?: number | undefined;
    /**
     * it is no member
     */
    outside?: boolean | undefined;
    /**
     * of several, by state
     */
    counts?: Record<string, number> | undefined;
};
/**
 * a job waits for its parent, or belongs to it
 */
export type GraphEdge = {
    parent: string;
    child: string;
    /**
     * what the parent's failure means, or "member"
     */
    policy: string;
    /**
     * "open", "satisfied", "passed_on", "held" or "dropped"
     */
    state?: string | undefined;
    /**
     * of the parent's result; missing: it passes none
     */
    position?: number | undefined;
    /**
     * edges that are shown as one
     */
    count?: number | undefined;
};
/**
 * a job with its members and what they wait for
 */
export type JobGraph = {
    id: string;
    nodes: GraphNode[];
    edges?: GraphEdge[] | undefined;
    /**
     * ids of the members whose ends decide the end of the whole, in order
     */
    critical?: string[] | undefined;
    members?: number | undefined;
    /**
     * members of one task are shown as one
     */
    collapsed?: boolean | undefined;
    /**
     * nodes beyond the bound
     */
    left_out?: number | undefined;
};
/**
 * one thing between a job and its start
 */
export type WaitReason = {
    /**
     * "time", "pause", "workers", "order", "jobs", or "limit:" and a key, or "job:" and an id
     */
    rule: string;
    /**
     * whether it lets the job through now
     */
    open: boolean;
    why: string;
    /**
     * when time opens it
     */
    opens_at?: number | undefined;
    /**
     * ids of the first jobs that have the permits of the limit that holds it
     */
    holders?: string[] | undefined;
};
