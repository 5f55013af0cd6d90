#include "flextorchir/converter/passes/composites.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/converter/capture/functionalize.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/converter/passes/drop_unused.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/converter/passes/unique_names.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/torch_bridge/error_message.h"

namespace flextorchir {
namespace {

absl::string_view LastPart(absl::string_view qualified) {
  const size_t dot = qualified.rfind('.');
  return dot == absl::string_view::npos ? qualified : qualified.substr(dot + 1);
}

// The name by which a class is known: torch.nn.LSTM for what is defined in
// torch.nn.modules.rnn.
std::string KnownName(absl::string_view module_class) {
  if (!absl::StartsWith(module_class, "torch.nn.modules.")) {
    return std::string(module_class);
  }
  return absl::StrCat("torch.nn.", LastPart(module_class));
}

// The number of single-letter changes that turn `a` into `b`.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

// The paths and classes that `name` may have meant, most likely first.
std::vector<std::string> NearNames(absl::Span<const ModuleScope> scopes,
                                   absl::string_view name) {
  std::set<std::string> known;
  for (const ModuleScope& scope : scopes) {
    if (!scope.path.empty()) known.insert(scope.path);
    if (!scope.module_class.empty()) {
      known.insert(std::string(LastPart(scope.module_class)));
    }
  }
  std::vector<std::pair<size_t, std::string>> ranked;
  for (const std::string& candidate : known) {
    const size_t distance = EditDistance(candidate, name);
    const bool contains = absl::StrContains(candidate, name) ||
                          absl::StrContains(name, candidate);
    if (contains || distance <= std::max<size_t>(2, name.size() / 3)) {
      ranked.emplace_back(distance, candidate);
    }
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> near;
  for (auto& [distance, candidate] : ranked) {
    if (near.size() < 5) near.push_back(std::move(candidate));
  }
  return near;
}

// The kind of a composite: its class's own name, if the layer set does not use
// that for something with arguments of its own.
std::string CompositeKind(absl::string_view module_class) {
  const absl::string_view last = LastPart(module_class);
  if (last.empty()) return "Module";
  if (FindLayerKind(last) == nullptr && last != kPlaceholder) {
    return std::string(last);
  }
  if (last != module_class) return KnownName(module_class);
  return absl::StrCat(last, "Module");
}

// "conv.weight" for the weights "layer1.conv.weight" of the module "layer1";
// tied ones have the name that lies within the module, if there is one.
std::string NameWithin(const Weights& weights, const std::string& path) {
  if (path.empty()) return weights.name;
  const std::string prefix = path + ".";
  if (absl::StartsWith(weights.name, prefix)) {
    return weights.name.substr(prefix.size());
  }
  for (const std::string& alias : weights.aliases) {
    if (absl::StartsWith(alias, prefix)) return alias.substr(prefix.size());
  }
  return weights.name;
}

// The frames that all of the sources have in common, from the outermost inward:
// where the module was called.
std::vector<Source::Frame> CommonFrames(const std::vector<const Source*>& all) {
  std::vector<Source::Frame> common;
  if (all.empty()) return common;
  common = all[0]->frames;
  for (const Source* source : all) {
    size_t same = 0;
    while (same < common.size() && same < source->frames.size() &&
           common[common.size() - 1 - same] ==
               source->frames[source->frames.size() - 1 - same]) {
      ++same;
    }
    common.erase(common.begin(), common.end() - same);
  }
  return common;
}

// One module call on its way to becoming a layer.
struct Candidate {
  ScopeId scope = 0;
  std::vector<int32_t> members;  // layers of graphs[0], in order
  std::vector<int32_t> after;    // layers between them that need their results
  Layer layer;
  Graph body;
  std::map<ValueId, ValueId> body_values;  // by value of graphs[0]
};

class Cutter {
 public:
  Cutter(absl::Span<const ModuleScope> scopes, const ChosenScopes& chosen,
         FunctionalGraph* functional)
      : scopes_(scopes), chosen_(chosen), functional_(functional) {
    auto& of_main = layer_scopes_.emplace_back();
    for (const FunctionalGraph::Origin& origin : functional->origins) {
      of_main.push_back(origin.scope);
    }
  }

  absl::StatusOr<LayerScopes> Run() {
    // A call inside another has the higher number.
    for (ScopeId scope = static_cast<ScopeId>(scopes_.size()); scope-- > 0;) {
      if (!chosen_.Any(scope)) continue;
      if (absl::Status status = Cut(scope); !status.ok()) return status;
    }
    // A rule may have left the body out.
    LayerScopes kept;
    for (GraphId old : DropUnusedGraphs(&model())) {
      kept.push_back(std::move(layer_scopes_[old]));
    }
    return kept;
  }

 private:
  Model& model() { return functional_->model; }
  Graph& main() { return functional_->model.graphs[0]; }

  void Tell(Report::Severity severity, std::string code, ScopeId scope,
            std::string message) {
    Report::Warning warning;
    warning.code = std::move(code);
    warning.severity = severity;
    warning.message = std::move(message);
    warning.module_path = scopes_[scope].path;
    functional_->warnings.push_back(std::move(warning));
  }

  bool IsWithin(ScopeId scope, ScopeId outer) const {
    while (scope > outer) scope = scopes_[scope].parent;
    return scope == outer;
  }

  absl::Status Cut(ScopeId scope) {
    Candidate candidate;
    candidate.scope = scope;
    for (size_t i = 0; i < main().layers.size(); ++i) {
      if (IsWithin(layer_scopes_[0][i], scope)) {
        candidate.members.push_back(static_cast<int32_t>(i));
      }
    }
    if (candidate.members.empty()) {
      if (chosen_.blackbox[scope]) {
        Tell(Report::Severity::kInfo, "composite-empty", scope,
             "no operator ran in this module call; there is no layer for it");
      }
      return absl::OkStatus();
    }
    if (!FindLaterLayers(&candidate)) {
      Tell(Report::Severity::kWarning, "composite-interleaved", scope,
           "operators from outside ran in between that need results of this "
           "module call and that it needs in turn; its operators stay layers "
           "of their own");
      return absl::OkStatus();
    }
    BuildLayer(&candidate);

    const GraphId body = static_cast<GraphId>(model().graphs.size());
    candidate.layer.bodies["body"] = body;
    model().graphs.push_back(candidate.body);
    bool made_by_rule = false;
    if (const LayerConverter* rule = chosen_.rules[scope]; rule != nullptr) {
      Layer layer = candidate.layer;
      absl::Status status;
      try {
        status = (*rule)(model(), main(), layer);
      } catch (const std::exception& error) {
        status = absl::InternalError(ErrorMessage(error));
      }
      if (status.ok()) {
        if (absl::Status s = AcceptRule(&candidate, std::move(layer));
            !s.ok()) {
          return s;
        }
        made_by_rule = true;
      } else if (!absl::IsUnimplemented(status)) {
        return absl::Status(status.code(), absl::StrCat(Describe(scope), ": ",
                                                        status.message()));
      } else if (!chosen_.blackbox[scope]) {
        model().graphs.pop_back();
        Tell(
            Report::Severity::kInfo, "module-rule-declined", scope,
            absl::StrCat("the module stays its operators: ", status.message()));
        return absl::OkStatus();
      }
    }
    if (!made_by_rule) AddAttributes(&candidate);
    model().graphs[body] = std::move(candidate.body);
    Replace(std::move(candidate));
    return absl::OkStatus();
  }

  std::string Describe(ScopeId scope) const {
    const ModuleScope& module = scopes_[scope];
    return absl::StrCat(
        "the rule for module class \"", module.module_class, "\", at ",
        module.path.empty() ? std::string("the model itself")
                            : absl::StrCat("\"", module.path, "\""));
  }

  // Layers of others among the members (another thread's) go before the new
  // layer, or behind it if they need its results. False if some would have to
  // be in both places.
  bool FindLaterLayers(Candidate* candidate) {
    const std::vector<int32_t>& members = candidate->members;
    std::vector<bool> theirs(main().values.size());
    std::vector<bool> later(main().values.size());
    size_t next = 0;
    for (int32_t i = members.front(); i <= members.back(); ++i) {
      const Layer& layer = main().layers[i];
      const bool member = next < members.size() && members[next] == i;
      next += member;
      bool needs_theirs = false;
      for (ValueId input : PresentValues(layer.inputs)) {
        if (member && later[input]) return false;
        needs_theirs |= theirs[input] || later[input];
      }
      if (!member && needs_theirs) candidate->after.push_back(i);
      for (ValueId output : PresentValues(layer.outputs)) {
        theirs[output] = member;
        later[output] = !member && needs_theirs;
      }
    }
    return true;
  }

  void BuildLayer(Candidate* candidate) {
    const ModuleScope& scope = scopes_[candidate->scope];
    Layer& layer = candidate->layer;
    layer.kind = CompositeKind(scope.module_class);
    Source source;
    source.module_path = scope.path;
    source.module_class = scope.module_class;
    source.call_index = scope.call_index;

    // What flows in.
    std::vector<const Source*> sources;
    std::vector<ValueId> made;
    std::set<ValueId> known;
    std::vector<ValueId> inputs;
    size_t from_dataflow = 0;
    for (int32_t i : candidate->members) {
      const Layer& member = main().layers[i];
      sources.push_back(&member.source());
      for (ValueId input : PresentValues(member.inputs)) {
        if (!known.insert(input).second) continue;
        inputs.push_back(input);
        from_dataflow += main().value(input).weights == kAbsent;
      }
      for (ValueId output : PresentValues(member.outputs)) {
        known.insert(output);
        made.push_back(output);
      }
    }
    source.frames = CommonFrames(sources);
    layer.sources.push_back(std::move(source));

    UniqueNames names;
    size_t index = 0;
    for (ValueId input : inputs) {
      const Value& value = main().value(input);
      std::string name;
      if (value.weights != kAbsent) {
        name = NameWithin(model().weights[value.weights], scope.path);
      } else {
        name = from_dataflow == 1 ? "input" : absl::StrCat("input_", index++);
      }
      layer.inputs.push_back(Slot::One(names.Make(name), input));
      candidate->body.inputs.push_back(ToBody(candidate, input));
    }
    // What flows out.
    const std::vector<ValueId> outputs = ReadOutside(*candidate, made);
    for (size_t i = 0; i < outputs.size(); ++i) {
      layer.outputs.push_back(
          Slot::One(outputs.size() == 1 ? "output" : absl::StrCat("output_", i),
                    outputs[i]));
    }
    for (int32_t i : candidate->members) {
      Layer member = main().layers[i];
      const auto move = [&](ValueId* v) { *v = ToBody(candidate, *v); };
      ForEachValue(&member.inputs, move);
      ForEachValue(&member.outputs, move);
      candidate->body.layers.push_back(std::move(member));
    }
    for (ValueId output : outputs) {
      candidate->body.outputs.push_back(candidate->body_values.at(output));
    }
    candidate->body.name = scope.path;
  }

  void AddAttributes(Candidate* candidate) const {
    Layer& layer = candidate->layer;
    layer.attributes = chosen_.attributes[candidate->scope];
    for (const Slot& input : layer.inputs) layer.attributes.erase(input.name);
  }

  static ValueId NewBodyValue(Candidate* candidate, const Value& value) {
    return candidate->body.AddValue(Value{value.name, value.type, kAbsent});
  }
  ValueId ToBody(Candidate* candidate, ValueId value) {
    const auto [place, is_new] = candidate->body_values.try_emplace(value);
    if (is_new) place->second = NewBodyValue(candidate, main().value(value));
    return place->second;
  }

  // Those of `made` that layers outside read, or that the model returns. If
  // nobody reads any, what the last operator made.
  std::vector<ValueId> ReadOutside(const Candidate& candidate,
                                   const std::vector<ValueId>& made) {
    std::vector<bool> read(main().values.size());
    size_t next = 0;
    for (size_t i = 0; i < main().layers.size(); ++i) {
      if (next < candidate.members.size() &&
          candidate.members[next] == static_cast<int32_t>(i)) {
        ++next;
        continue;
      }
      for (ValueId value : PresentValues(main().layers[i].inputs)) {
        read[value] = true;
      }
    }
    for (ValueId value : main().outputs) {
      if (value != kAbsent) read[value] = true;
    }
    std::vector<ValueId> outputs;
    for (ValueId value : made) {
      if (read[value]) outputs.push_back(value);
    }
    if (!outputs.empty()) return outputs;
    return PresentValues(main().layers[candidate.members.back()].outputs);
  }

  // Takes what a rule made of the layer, and brings the body's inputs and
  // outputs into the order of the layer's.
  absl::Status AcceptRule(Candidate* candidate, Layer layer) {
    const auto broken = [&](absl::string_view what) {
      return absl::InternalError(
          absl::StrCat(Describe(candidate->scope), ", ", what));
    };
    const std::vector<ValueId> outputs = PresentValues(layer.outputs);
    const std::vector<ValueId> before = PresentValues(candidate->layer.outputs);
    if (!std::is_permutation(outputs.begin(), outputs.end(), before.begin(),
                             before.end())) {
      return broken("changed what the layer's outputs are");
    }
    std::vector<ValueId> body_inputs;
    std::set<ValueId> given;
    for (ValueId input : PresentValues(layer.inputs)) {
      const auto known = candidate->body_values.find(input);
      const bool flows_in =
          known != candidate->body_values.end() &&
          std::count(candidate->body.inputs.begin(),
                     candidate->body.inputs.end(), known->second) > 0;
      if (!flows_in) return broken("reads a value that did not flow in");
      // An argument that is given twice is read once.
      body_inputs.push_back(given.insert(known->second).second
                                ? known->second
                                : NewBodyValue(candidate, main().value(input)));
    }
    if (absl::Status status = CheckLayerAgainstSet(layer); !status.ok()) {
      return broken(
          absl::StrCat("made a layer that is not right: ", status.message()));
    }
    if (layer.bodies.count("body") > 0) {
      for (const Layer& inner : candidate->body.layers) {
        for (ValueId value : PresentValues(inner.inputs)) {
          const bool flows_in =
              std::count(candidate->body.inputs.begin(),
                         candidate->body.inputs.end(), value) > 0;
          if (flows_in && given.count(value) == 0) {
            return broken(
                "dropped an input that its body needs (drop the body too, or "
                "keep the input)");
          }
        }
      }
    }
    candidate->body.inputs = std::move(body_inputs);
    candidate->body.outputs.clear();
    for (ValueId output : outputs) {
      candidate->body.outputs.push_back(candidate->body_values.at(output));
    }
    candidate->layer = std::move(layer);
    return absl::OkStatus();
  }

  void Replace(Candidate candidate) {
    std::vector<Layer> layers;
    std::vector<ScopeId> scopes;
    std::vector<ScopeId>& of_main = layer_scopes_[0];
    std::vector<ScopeId> of_body;
    const std::set<int32_t> members(candidate.members.begin(),
                                    candidate.members.end());
    const std::set<int32_t> after(candidate.after.begin(),
                                  candidate.after.end());
    const auto keep = [&](int32_t i) {
      layers.push_back(std::move(main().layers[i]));
      scopes.push_back(of_main[i]);
    };
    for (int32_t i = 0; i < static_cast<int32_t>(main().layers.size()); ++i) {
      if (members.count(i) > 0) {
        of_body.push_back(of_main[i]);
      } else if (after.count(i) == 0) {
        keep(i);
      }
      if (i == candidate.members.back()) {
        layers.push_back(std::move(candidate.layer));
        scopes.push_back(candidate.scope);
        for (int32_t later : candidate.after) keep(later);
      }
    }
    main().layers = std::move(layers);
    of_main = std::move(scopes);
    layer_scopes_.push_back(std::move(of_body));
  }

  absl::Span<const ModuleScope> scopes_;
  const ChosenScopes& chosen_;
  FunctionalGraph* functional_;
  LayerScopes layer_scopes_;
};

}  // namespace

bool ChosenScopes::Within(absl::Span<const ModuleScope> scopes,
                          ScopeId scope) const {
  while (scope != kAbsent) {
    if (Any(scope)) return true;
    scope = scopes[scope].parent;
  }
  return false;
}

ChosenScopes ChooseScopes(absl::Span<const ModuleScope> scopes,
                          const CompositeOptions& options,
                          std::vector<Report::Warning>* warnings) {
  ChosenScopes chosen;
  chosen.blackbox.assign(scopes.size(), false);
  chosen.rules.assign(scopes.size(), nullptr);
  chosen.attributes.resize(scopes.size());
  for (const std::string& name : options.blackbox) {
    bool found = false;
    for (size_t i = 0; i < scopes.size(); ++i) {
      const ModuleScope& scope = scopes[i];
      if (name.empty() || (name != scope.path && name != scope.module_class &&
                           name != KnownName(scope.module_class) &&
                           name != LastPart(scope.module_class))) {
        continue;
      }
      chosen.blackbox[i] = true;
      found = true;
    }
    if (found) continue;
    const std::vector<std::string> near = NearNames(scopes, name);
    Report::Warning warning;
    warning.code = "blackbox-unmatched";
    warning.message = absl::StrCat(
        "no module that ran has the path or class \"", name, "\"",
        near.empty() ? "" : "; there are ", absl::StrJoin(near, ", "));
    warnings->push_back(std::move(warning));
  }
  for (size_t i = 0; i < scopes.size(); ++i) {
    if (options.registry != nullptr && !scopes[i].module_class.empty()) {
      chosen.rules[i] = options.registry->FindModule(scopes[i].module_class);
    }
    if (options.attributes != nullptr && chosen.Any(i)) {
      chosen.attributes[i] = options.attributes(scopes[i].path);
    }
  }
  return chosen;
}

absl::StatusOr<LayerScopes> CutComposites(absl::Span<const ModuleScope> scopes,
                                          const ChosenScopes& chosen,
                                          FunctionalGraph* graph) {
  return Cutter(scopes, chosen, graph).Run();
}

}  // namespace flextorchir
