FROM python:3.13-slim-trixie AS build
RUN python -m venv /opt/guildbook
ENV PATH=/opt/guildbook/bin:$PATH
WORKDIR /src
# The parts first: they change more rarely than the code, and this layer is then kept.
COPY constraints.txt pyproject.toml ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > /tmp/parts.txt \
 && pip install --no-cache-dir --constraint constraints.txt --requirement /tmp/parts.txt
COPY . .
RUN pip install --no-cache-dir --no-deps .

FROM python:3.13-slim-trixie
RUN useradd --uid 10001 --create-home guildbook \
 && install --directory --owner guildbook --group guildbook /var/lib/guildbook
COPY --from=build /opt/guildbook /opt/guildbook
ENV PATH=/opt/guildbook/bin:$PATH
USER guildbook
WORKDIR /var/lib/guildbook
ENTRYPOINT ["guildbook"]
CMD ["serve"]
