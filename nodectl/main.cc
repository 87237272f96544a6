// nodectl/main.cc — the program: the table of commands, and what the command line asks of it.
#include "nodectl/commands.h"

int main(int argc, char** argv) {
  using namespace nodal::nodectl;
  Globals globals;
  Command root = all_commands(globals);
  // These are about the table itself.
  root.commands.push_back(completion_command());
  root.commands.push_back(complete_command(root));
  root.commands.push_back(man_command(root));
  root.commands.push_back(help_command(root));
  return run(root, argc, argv);
}
