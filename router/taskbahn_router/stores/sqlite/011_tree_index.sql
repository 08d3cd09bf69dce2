-- The jobs of a tree, in the order of their seqs. before deploy: making the index reads the whole table once; jobs in no tree are not in it.

CREATE INDEX job_tree ON job (root) WHERE root IS NOT NULL;
