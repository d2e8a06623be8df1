"""Runs a script as it is and prints, last, the peak memory of the process: python with_memory.py SCRIPT ARGUMENT..."""
import json
import resource
import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
print(json.dumps({'peakMiB': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
