#!/usr/bin/env python3
"""Shows an export in the real Model Explorer, in a headless browser, and looks.

Not part of `bazel test`: it needs the package, a browser and what drives it.

    python3 -m venv venv
    venv/bin/pip install ai-edge-model-explorer playwright pillow
    apt-get install chromium
    venv/bin/python testing/model_explorer/browser_test.py \
        --inspect=bazel-bin/tools/inspect [--screenshots=FOLDER]

It converts nothing itself: `inspect --model_explorer` exports a model of the text
form that has modules, a placeholder, and a composite with one more in its body;
the server of the package loads both files; the page must show the graph, colour the
placeholders, and lead from the composite to its body. Exits with 0, or says what is
missing.
"""

import argparse
import contextlib
import io
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import model_explorer
from model_explorer import graph_builder
from model_explorer import node_data_builder
from PIL import Image
from playwright import sync_api

RED = (0xf4, 0xa6, 0xa0)
PALE_RED = (0xfb, 0xda, 0xd7)

MODEL = """flextorchir 1 layer_set 1
name "Net"
weights "stem.conv.weight" parameter f32[8,3,3,3]
weights "head.fc.weight" parameter f32[10,8]
graph "main" (%x: f32[1,3,16,16]) {
  %stem.conv.weight = weights "stem.conv.weight"
  %head.fc.weight = weights "head.fc.weight"
  %stem.conv: f32[1,8,16,16] = Conv2d "stem.conv" (input=%x, weight=%stem.conv.weight, bias=none)
      {stride=[1, 1], padding=[1, 1], dilation=[1, 1], groups=1}
      from "aten::conv2d" in "stem.conv" ("torch.nn.modules.conv.Conv2d", 0) at "net.py":9 "forward"
  %stem.act: f32[1,8,16,16] = Placeholder "stem.act" target "acme::swish" (x=%stem.conv) {beta=2.0}
      from "acme::swish" in "stem.act" ("net.Swish", 0) at "net.py":10 "forward"
  %stem.pool: f32[1,8,16,16] = ReLU "stem.pool" (input=%stem.act)
      from "aten::relu" in "stem.pool" ("torch.nn.modules.activation.ReLU", 0)
  %block: f32[1,8] = SoftArgMax "block" (x=%stem.pool) with body=@"block.body"
      from "net.SoftArgMax" in "block" ("net.SoftArgMax", 0) at "net.py":20 "forward"
  %head.fc: f32[1,10] = Linear "head.fc" (input=%block, weight=%head.fc.weight, bias=none)
      from "aten::linear" in "head.fc" ("torch.nn.modules.linear.Linear", 0)
  %head.act: f32[1,10] = ReLU "head.act" (input=%head.fc)
      from "aten::relu" in "head.act" ("torch.nn.modules.activation.ReLU", 0)
  return %head.act
}
graph "block.body" (%x: f32[1,8,16,16]) {
  %a: f32[1,8,16,16] = Placeholder "block.heat" target "acme::heat" (x=%x)
      from "acme::heat" in "block" ("net.SoftArgMax", 0)
  %b: f32[1,8,16,16] = ReLU "block.relu" (input=%a)
      from "aten::relu" in "block" ("net.SoftArgMax", 0)
  %y: f32[1,8] = acme::argmax "block.argmax" target "acme::argmax" (x=%b)
      from "acme::argmax" in "block" ("net.SoftArgMax", 0)
  return %y
}
"""


def fail(message):
    sys.exit(f"browser_test: {message}")


def check_fields(path, overlay_path):
    """Every field is one that the package's own builders have."""
    fields = {
        cls: {field for field in cls.__dataclass_fields__}
        for cls in (graph_builder.GraphCollection, graph_builder.Graph,
                    graph_builder.GraphNode, graph_builder.IncomingEdge,
                    graph_builder.MetadataItem, graph_builder.KeyValue,
                    graph_builder.GraphNodeStyle, node_data_builder.GraphNodeData,
                    node_data_builder.NodeDataResult)
    }

    def check(value, cls):
        unknown = set(value) - fields[cls]
        if unknown:
            fail(f"{cls.__name__} has no {', '.join(sorted(unknown))}")

    collection = json.loads(path.read_text())
    check(collection, graph_builder.GraphCollection)
    ids = set()
    for graph in collection["graphs"]:
        check(graph, graph_builder.Graph)
        nodes = {node["id"]: node for node in graph["nodes"]}
        if len(nodes) != len(graph["nodes"]):
            fail(f"two nodes of {graph['id']} have one id")
        ids.add(graph["id"])
        for node in graph["nodes"]:
            check(node, graph_builder.GraphNode)
            check(node.get("style", {}), graph_builder.GraphNodeStyle)
            for edge in node.get("incomingEdges", []):
                check(edge, graph_builder.IncomingEdge)
                outputs = {
                    item["id"] for item in nodes[edge["sourceNodeId"]]["outputsMetadata"]
                }
                if edge["sourceNodeOutputId"] not in outputs:
                    fail(f"an edge to {node['id']} comes from no output")
            for item in node.get("outputsMetadata", []) + node.get("inputsMetadata", []):
                check(item, graph_builder.MetadataItem)
                for pair in item["attrs"]:
                    check(pair, graph_builder.KeyValue)
    for graph in collection["graphs"]:
        for node in graph["nodes"]:
            if not set(node.get("subgraphIds", [])) <= ids:
                fail(f"{node['id']} leads to no graph")
    for graph_id, data in json.loads(overlay_path.read_text()).items():
        check(data, node_data_builder.GraphNodeData)
        graph = next(g for g in collection["graphs"] if g["id"] == graph_id)
        if not set(data["results"]) <= {node["id"] for node in graph["nodes"]}:
            fail(f"the overlay of {graph_id} speaks of no node of it")
        for result in data["results"].values():
            check(result, node_data_builder.NodeDataResult)


@contextlib.contextmanager
def server(path, overlay_path):
    """Runs the package's server; yields the address of the page."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(  # its log is of no interest
        [sys.executable, "-m", "model_explorer", str(path), "--no_open_in_browser",
         f"--node_data_paths={overlay_path}", f"--port={port}", "--skip_health_check"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://localhost:{port}/check_health").read()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                fail("the server of Model Explorer does not start")
            time.sleep(0.2)
        shown = model_explorer.config()
        shown.add_model_from_path(str(path)).add_node_data_from_path(str(overlay_path))
        yield f"http://localhost:{port}/?data={shown.to_url_param_value()}"
    finally:
        process.terminate()
        process.wait()


class Page:
    """The page, and what can be seen of it: a WebGL canvas is all pixels."""

    def __init__(self, page, address, screenshots):
        self._page = page
        self._screenshots = screenshots
        page.goto(address)
        page.wait_for_selector("model-graph-visualizer canvas", timeout=60_000)

    def pixels_of(self, colour):
        image = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
        return sum(count for count, pixel in image.getcolors(image.width * image.height)
                   if all(abs(a - b) <= 3 for a, b in zip(pixel, colour)))

    def middle_of(self, colour):
        """Of what the canvas has in that colour."""
        image = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
        places = [(x, y) for x in range(900) for y in range(image.height)
                  if all(abs(a - b) <= 3 for a, b in zip(image.getpixel((x, y)), colour))]
        return [sum(place[i] for place in places) / len(places) for i in (0, 1)]

    def wait_for_colour(self, colour, what):
        deadline = time.monotonic() + 30
        while self.pixels_of(colour) < 200:
            if time.monotonic() > deadline:
                self.save("failure")
                fail(f"{what} is not shown in its colour")
            self._page.wait_for_timeout(500)

    def expect_text(self, text):
        deadline = time.monotonic() + 30
        while text not in self._page.evaluate("document.body.innerText"):
            if time.monotonic() > deadline:
                self.save("failure")
                fail(f"`{text}` does not stand on the page")
            self._page.wait_for_timeout(500)

    def save(self, name):
        if self._screenshots is None:
            return
        self._page.wait_for_timeout(1000)  # until what moves is still
        image = Image.open(io.BytesIO(self._page.screenshot()))
        # Flat colours: a palette holds them all.
        image.convert("RGB").quantize(128).save(self._screenshots / f"{name}.png",
                                                optimize=True)

    def __getattr__(self, name):
        return getattr(self._page, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inspect", type=pathlib.Path, required=True)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path,
                        help="only take a screenshot of this IR file, into --screenshots")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    source = arguments.model or folder / "net.fttxt"
    if arguments.model is None:
        source.write_text(MODEL)
    path = folder / f"{source.stem}.json"
    overlay_path = folder / f"{source.stem}.placeholders.json"
    subprocess.run([arguments.inspect.resolve(), source.resolve(), f"--model_explorer={path}"],
                   check=True)
    check_fields(path, overlay_path)
    with server(path, overlay_path) as address, sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=arguments.browser,
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
                  "--ignore-gpu-blocklist"])
        page = Page(browser.new_page(viewport={"width": 1280, "height": 800}), address,
                    arguments.screenshots)
        look(page, arguments.model)
        browser.close()
    print("browser_test: all is shown")


def look(page, model):
    """Goes through the page as a user would."""
    page.wait_for_timeout(2000)
    if model is not None:
        page.save("model")
        return
    # Closed modules, a composite, and the overlay's own table.
    page.wait_for_colour(PALE_RED, "the composite with a placeholder inside")
    page.expect_text("placeholder inside")
    page.save("closed")
    closed = page.pixels_of(RED)

    page.get_by_text("unfold_more_double").click()
    deadline = time.monotonic() + 30
    while page.pixels_of(RED) < closed + 500:
        if time.monotonic() > deadline:
            fail("the placeholder in the open module is not red")
        page.wait_for_timeout(500)
    page.save("open")

    # A click on the placeholder shows what it is.
    page.mouse.click(*page.middle_of(RED))
    for text in ("net.Swish", "net.py:10", "beta", "stem.act", "[1,8,16,16]"):
        page.expect_text(text)
    page.save("placeholder")

    # The body of the composite is a graph of its own.
    page.locator(".graph-selector-label").first.click()
    page.locator("graph-selector-panel").get_by_text("block.body").click()
    page.expect_text("acme::heat")
    page.wait_for_colour(RED, "the placeholder in the body")
    page.save("body")


if __name__ == "__main__":
    main()
