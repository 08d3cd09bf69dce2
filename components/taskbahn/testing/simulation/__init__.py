"""The dispatcher, a worker and the time of a simulation, in this process. It needs the extra `taskbahn[testing]`, and no Crossbar."""
