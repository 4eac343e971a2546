// From what somebody asks `pull` for to the files that have to be fetched.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

struct RemoteFile {
  std::string url;
  std::string name;    // of the file to keep
  std::string sha256;  // lower-case hexadecimal; empty: unknown
};

struct ModelSource {
  std::string name;               // of the file or folder to keep
  std::vector<RemoteFile> files;  // one, unless the model is a folder
  bool is_folder = false;
  bool is_hub = false;  // on the model hub, whose token and checksums apply
};

// `what` is a name of the catalogue, hf:owner/repo, hf:owner/repo/file, or an http or https URL. For a whole repository
// the hub is asked for its files: its one GGUF file, else the files of a Hugging Face folder. HF_ENDPOINT names another
// hub than https://huggingface.co. Throws kInvalidArgument, with the choices, for what is none of these or leaves open
// which file is meant; and what HttpGet throws.
ModelSource FindSource(const std::string& what, const std::function<bool()>& interrupted);

// HF_TOKEN, or empty.
std::string HubToken();

}  // namespace sheepop
