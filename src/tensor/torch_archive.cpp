#include "tensor/torch_archive.h"
