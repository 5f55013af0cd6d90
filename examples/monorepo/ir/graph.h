#ifndef IR_GRAPH_H_
#define IR_GRAPH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

// The IR of Acme's accelerator: straight-line code over numbered registers.
namespace acme {

struct Instruction {
  std::string opcode;         // "CONV2D"
  std::vector<int> results;   // registers
  std::vector<int> operands;  // registers; -1 where nothing is given
  std::map<std::string, std::string> immediates;
  std::string comment;  // where it comes from
};

struct Graph {
  std::string name;
  int registers = 0;
  std::vector<int> arguments;            // registers
  std::map<int, std::string> constants;  // register -> name of weights
  std::vector<Instruction> instructions;
  std::vector<int> results;  // registers
};

}  // namespace acme

#endif  // IR_GRAPH_H_
