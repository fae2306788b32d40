"""How fast the emulator is, beside a bare server and other mock servers, measured in one run.

    make bench-quick                                          # a minute, printed
    make bench                                                # some minutes, written to docs/performance.md
    PYTHONPATH=benchmarks:. python -m speed --rows whole,stream --rounds 3 --against DIR

The server has one core and the load another. wrk asks over 16 kept connections; a script gives each request its own
prompt, so that no answer can be a remembered one. A client with epoll reads the streams that have a pace, and notes
when each event arrives.

All servers of a row run at once and are asked in turn, round after round. A figure is the median of its rounds, and a
goal is a ratio of two servers of the same run. Beside the answers per second stands the processor time of the server
and its children for each answer. Other work on the machine disturbs it less, so goals are judged by it.

Before and after each round a new question is asked over a plain socket. The figure is void, and the table says why, if
the answer is not a 200 with the right text in the right number of events, if wrk saw an error, or if the bytes that wrk
read are not those of as many right answers.

A bare server is an ASGI app under uvicorn that reads the body and sends the emulator's bytes (bare.py). The other mock
servers are installed from npm and PyPI into .cache/peers (peers.py). One that cannot be had is listed as skipped.

| module | what it does |
| ------ | ------------ |
| servers | starts servers, and reads their processor time and memory |
| answers | asks one question over a plain socket, and reads the answer |
| load | lets wrk ask, and checks what it was told |
| paced | reads streams that have a pace |
| bench | has the servers of a run, and the scenarios that the emulator plays |
| peers | installs and configures the other mock servers |
| rows, shared, streams, starts, growth | measure the rows of the tables |
| report, chart | write the tables and the chart |
"""
