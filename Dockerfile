# docker build -t akashml-emulator . && docker run --rm -p 127.0.0.1:8402:8402 akashml-emulator
# /_emulator asks for the token that is printed at the start, or for that of -e AKASHML_EMULATOR_CONTROL_TOKEN=...
FROM python:3.13-slim
WORKDIR /opt/akashml-emulator
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY emulator emulator
COPY scenarios scenarios
RUN pip install --no-cache-dir --constraint constraints.txt '.[redis]' && useradd --system --no-create-home emulator
USER emulator
EXPOSE 8402
HEALTHCHECK --interval=5s --timeout=5s CMD ["akashml-emulator", "wait", "http://127.0.0.1:8402", "--timeout", "3"]
ENTRYPOINT ["akashml-emulator"]
CMD ["serve", "--host", "0.0.0.0"]
