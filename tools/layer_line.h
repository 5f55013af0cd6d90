#ifndef FLEXTORCHIR_TOOLS_LAYER_LINE_H_
#define FLEXTORCHIR_TOOLS_LAYER_LINE_H_

#include <string>

#include "flextorchir/ir/graph.h"

namespace flextorchir {

// One layer as a line: kind, name, geometry, and the types of what it makes
// (f32 unless said).
//
//   Conv2d  layer1.0.conv1  C64 N64 K1x1 S1x1 P0 D1x1 G1  [1,64,56,56]
//   Placeholder  head.act  mylib::swish beta=2.0  [1,64]
//
// C and N are the channels in and out, K S P D the kernel, stride, padding and
// dilation (a padding that is the same everywhere is one number), G the groups,
// O the size of the output. Other attributes follow by name, unless they have
// the value that the layer set gives them.
std::string LayerLine(const Graph& graph, const Layer& layer);

// Parts of that line, for those who lay them out otherwise.
std::string LayerGeometry(const Graph& graph, const Layer& layer);
std::string LayerOutputTypes(const Graph& graph, const Layer& layer);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_LAYER_LINE_H_
